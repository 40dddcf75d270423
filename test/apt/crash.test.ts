import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { packagesText, publishVersion } from '../lib/fake-archive.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { openMirrorWorld } from '../lib/mirror-world.ts'

const program = fileURLToPath(new URL('./takeover-process.ts', import.meta.url))

t.test('kill -9 while Releases are taken over leaves one of them, whole', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-apt-crash-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const keyring = join(folder, 'key.asc')
  const key = await makeKey('The archive')
  writeFileSync(keyring, key.publicKey)
  const versions = new Set<string>()
  let version = 1
  for (const moreMs of [0, 30, 60, 90, 150]) {
    const origin = await openFakeOrigin()
    await publishVersion(origin, 'a/', { version, key })
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', program, home, `${origin.url}a/`, keyring],
      { stdio: ['ignore', 'pipe', 'inherit'] }
    )
    const ended = once(child, 'exit')
    await once(child.stdout, 'data')
    await publishVersion(origin, 'a/', { version: ++version, key })
    await wait(moreMs)
    child.kill('SIGKILL')
    await ended
    await origin.close()
    const world = await openMirrorWorld({ a: `${origin.url}a/` }, { home })
    world.clock.advance(3_600_000_000)
    const get = async (path: string) =>
      await (await fetch(`${world.url}/apt/a/dists/stable/${path}`)).text()
    const found = /^Description: version (\d+)$/m.exec(await get('InRelease'))?.[1] ?? 'none'
    t.equal(await get('main/binary-amd64/Packages'), packagesText(Number(found)), found)
    versions.add(found)
    await world.close()
  }
  t.ok(versions.size > 1, `${[...versions]}`)
})
