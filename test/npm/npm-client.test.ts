import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { machineRegistry, type NpmClient, openNpmClient } from '../lib/npm-client.ts'
import { mainAt, openNpmWorld } from '../lib/npm-world.ts'
import { until } from '../lib/pull-world.ts'
import { requireClient } from '../lib/skip.ts'

/** Real downloads, on a machine that may be busy. */
t.setTimeout(280_000)

/** With a scoped package and with ones that have dependencies. */
const dependencies = { chalk: '4.1.2', '@types/node': '20.0.0', 'readable-stream': '3.6.0' }

async function succeeds(t: Test, client: NpmClient, ...args: string[]): Promise<void> {
  const { exitCode, all } = await client.run(...args)
  t.equal(exitCode, 0, `npm ${args.join(' ')}`) || t.comment(all)
}

t.test('npm installs through Cairn, and again when the upstream is gone', async t => {
  if (!requireClient(t, 'npm')) return
  const registry = machineRegistry()
  if (registry === undefined) {
    t.fail('this machine has no npm registry')
    return
  }
  const world = await openNpmWorld({ upstreams: mainAt(registry), patience: {} })
  t.teardown(() => world.remove())
  const client = openNpmClient(`${world.url}/npm/`, dependencies)
  t.teardown(() => client.remove())

  await t.test('npm install, cold', async t => {
    await succeeds(t, client, 'install')
    t.ok(client.installed().length >= 10, `${client.installed().length} packages`)
    t.same(world.warnings, [])
    const lock = readFileSync(join(client.folder, 'package-lock.json'), 'utf8')
    t.match(lock, `"resolved": "${world.url}/npm/`)
  })

  await t.test('every tarball was verified by its packument', async t => {
    await until(() => world.pull.statistics().flights === 0)
    const tarballs = [...world.catalog.items('npm/')].filter(({ key }) => key.endsWith('.tgz'))
    t.equal(tarballs.length, client.installed().length)
    for (const { key, digests } of tarballs) {
      const expected = world.catalog.expected(key)?.digest
      t.ok(expected !== undefined && digests.includes(expected), key)
    }
  })

  await t.test('npm ci with an empty cache, from what is held', async t => {
    const before = world.pull.statistics().bytesFetched
    client.forget()
    await succeeds(t, client, 'ci')
    t.equal(world.pull.statistics().bytesFetched, before, 'nothing is fetched twice')
  })

  await t.test('npm ping and npm view', async t => {
    await succeeds(t, client, 'ping')
    const view = await client.run('view', 'chalk@4.1.2', 'dist.integrity')
    t.match(String(view.all), 'sha512-')
  })

  await t.test('npm publish is refused with the reason', async t => {
    const project = JSON.parse(readFileSync(join(client.folder, 'package.json'), 'utf8'))
    writeFileSync(
      join(client.folder, 'package.json'),
      JSON.stringify({ ...project, private: false })
    )
    const auth = `--//${new URL(world.url).host}/npm/:_authToken=x`
    const { exitCode, all } = await client.run('publish', auth)
    t.not(exitCode, 0)
    t.match(String(all), /403[\s\S]*only mirrored here/)
  })

  await t.test('by a fresh client with the upstream unreachable, a day later', async t => {
    const gone = await openFakeOrigin()
    await gone.close()
    const off = await openNpmWorld({ upstreams: mainAt(gone.url), home: world.home })
    t.teardown(() => off.close())
    off.clock.advance(86_400_000)
    const fresh = openNpmClient(`${off.url}/npm/`, dependencies)
    t.teardown(() => fresh.remove())
    await succeeds(t, fresh, 'install')
    t.same(fresh.installed(), client.installed())
    fresh.forget()
    await succeeds(t, fresh, 'ci')
    t.equal(off.pull.statistics().bytesFetched, 0)
    t.ok(off.pull.statistics().stale > 0, 'packuments were served stale')
    const missing = await fresh.run('view', 'left-pad')
    t.not(missing.exitCode, 0)
  })
})
