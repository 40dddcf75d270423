import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { requireClient } from '../lib/skip.ts'
import { makeWorld } from './run-cairn.ts'

const run = promisify(execFile)

t.test('wget and curl fetch http URLs through the store, of hosts that are named', async t => {
  if (!requireClient(t, 'wget') || !requireClient(t, 'curl')) return
  const origin = await openFakeOrigin()
  const other = await openFakeOrigin()
  t.teardown(() => Promise.all([origin.close(), other.close()]))
  const body = randomBytes(300_000)
  origin.items.set('file?version=1', { body, etag: '"v1"' })
  origin.items.set('file?version=2', { body: Buffer.from('two') })
  other.items.set('file', { body: Buffer.from('secret') })
  const world = await makeWorld(t)
  await mkdir(world.home)
  const { host } = new URL(origin.url)
  await writeFile(join(world.home, 'config.yaml'), `proxy:\n  hosts: ["${host}", "*.example"]\n`)
  const daemon = await world.start()
  const curl = async (...args: string[]) =>
    (await run('curl', ['-sS', '-x', daemon.url, '-D', '-', ...args], { encoding: 'latin1' }))
      .stdout
  const out = join(world.folder, 'out')
  for (const round of ['fetched', 'revalidated']) {
    await run('wget', ['-q', '-O', out, `${origin.url}file?version=1`], {
      env: { http_proxy: daemon.url, PATH: process.env.PATH ?? '' }
    })
    t.ok((await readFile(out)).equals(body), round)
  }
  t.strictSame(
    origin.requests.map(({ status }) => status),
    [200, 304]
  )
  t.match(await curl(`${origin.url}file?version=2`), /two$/, 'a query is part of the name')
  t.match(await curl('-r', '10-19', `${origin.url}file?version=1`), /^HTTP\/1\.1 206/)
  t.match(await curl('-I', `${origin.url}file?version=1`), /content-length: 300000/i)
  t.match(await curl(`${other.url}file`), /^HTTP\/1\.1 403[\s\S]*not a configured upstream/)
  t.match(await curl('-X', 'POST', '-d', 'x', `${origin.url}file`), /^HTTP\/1\.1 405/)
  await curl('-H', 'Cookie: a=b', '-u', 'ann:secret', `${origin.url}file?version=2`)
  const last = origin.requests.at(-1)?.headers
  t.equal(last?.cookie ?? last?.authorization, undefined, 'nothing of the client goes further')
  t.equal(other.requests.length, 0)
  const held = JSON.parse(await world.line(['get', `${origin.url}file?version=1`, '--json']))
  t.equal(held.from, 'unchanged', '`cairn get` knows it too')
  await origin.down()
  t.match(await curl(`${origin.url}file?version=2`), /x-cairn: stale[\s\S]*two$/i)
})
