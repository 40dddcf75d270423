import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { connect } from 'node:tls'
import t from 'tap'
import { accessMigrations } from '../../src/access/schema.ts'
import { Users } from '../../src/access/users.ts'
import { systemClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { openShared } from '../../src/daemon/open-shared.ts'
import { selfSigned } from '../../src/daemon/self-signed.ts'
import type { Settings } from '../../src/daemon/settings.ts'

/** What is shown to a new connection. */
async function shownAt(port: number): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return fingerprint256
}

t.test('a renewed certificate is shown without a restart, a broken one is not', async t => {
  const home = t.testdir()
  const files = { certificate: join(home, 'certificate.pem'), key: join(home, 'key.pem') }
  const use = (folder: string) => {
    copyFileSync(join(home, folder, 'certificate.pem'), files.certificate)
    copyFileSync(join(home, folder, 'key.pem'), files.key)
  }
  for (const folder of ['one', 'two']) await selfSigned(join(home, folder), systemClock)
  use('one')
  mkdirSync(join(home, 'db'))
  const database = openDatabase(join(home, 'db/cairn.db'), { migrations: accessMigrations })
  t.teardown(() => database.close())
  const users = new Users(database, systemClock, { N: 16, r: 8, p: 1 })
  await users.add('ann', 'correct horse battery', { scopes: ['read'], root: [] })
  const warned: string[] = []
  const log = { info: () => {}, warn: (_: unknown, text: string) => warned.push(text) } as never
  const settings = {
    home,
    share: { host: '127.0.0.1', port: 0 },
    tlsCertificate: files.certificate,
    tlsKey: files.key
  } as Settings
  const shared = await openShared(
    { settings, content: { database }, renewMs: 10 },
    { doors: [], log }
  )
  if (shared === undefined) throw new Error('nothing is shared')
  t.teardown(() => shared.close(AbortSignal.abort()))
  const { port } = shared.address
  const first = await shownAt(port)
  t.equal(shared.fingerprint, first)
  use('two')
  while ((await shownAt(port)) === first) await setTimeout(5)
  const second = await shownAt(port)
  t.equal(shared.fingerprint, second, 'and told by status')
  warned.length = 0
  writeFileSync(files.key, 'half a ke')
  while (warned.length === 0) await setTimeout(5)
  t.match(warned[0], 'the old one stays')
  t.equal(await shownAt(port), second)
})
