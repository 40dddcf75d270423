import t, { type Test } from 'tap'
import { type AptClient, openAptClient } from '../lib/apt-client.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { machineMirror, openMirrorWorld } from '../lib/mirror-world.ts'
import { until } from '../lib/pull-world.ts'
import { requireClient } from '../lib/skip.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const packages = ['build-essential', 'git', 'python3', 'curl']

async function install(t: Test, client: AptClient): Promise<void> {
  const update = await client.run('update', '--error-on=any')
  t.equal(update.exitCode, 0, 'apt-get update') || t.comment(update.all)
  const download = await client.run('install', '-y', '--download-only', ...packages)
  t.equal(download.exitCode, 0, 'apt-get install --download-only') || t.comment(download.all)
  t.ok(client.archives().length >= 100, `${client.archives().length} packages`)
}

/** Real downloads, on a machine that may be busy. */
t.setTimeout(280_000)

t.test('apt-get installs through Cairn, and again when the upstream is gone', async t => {
  if (!requireClient(t, 'apt-get')) return
  const mirror = machineMirror()
  if (mirror === undefined) {
    t.fail('this machine has no http Debian mirror in its apt sources')
    return
  }
  const world = await openMirrorWorld({ debian: mirror.url }, { patience: {} })
  t.teardown(() => world.remove())
  const throughPath = `deb [signed-by=${keyring}] ${world.url}/apt/debian ${mirror.suite} main`
  const throughProxy = `deb [signed-by=${keyring}] ${mirror.url} ${mirror.suite} main`
  const clientOf = (t: Test, sources: string[], config = ''): AptClient => {
    const client = openAptClient({ sources, config })
    t.teardown(() => client.remove())
    return client
  }

  await t.test('as a mirror, cold', async t => {
    await install(t, clientOf(t, [throughPath]))
    const { failures, stale } = world.pull.statistics()
    t.same({ failures, stale }, { failures: 0, stale: 0 })
  })

  await t.test('every package was verified by the index', async t => {
    await until(() => world.pull.statistics().flights === 0)
    await world.pull.learnt()
    const items = [...world.catalog.items('apt/debian/pool/')]
    t.ok(items.length >= 100)
    for (const item of items) {
      if (item.digests[0] !== world.catalog.expected(item.key)?.digest) t.fail(item.key)
    }
  })

  await t.test('through the proxy setting, warm: nothing is fetched twice', async t => {
    const before = world.pull.statistics().bytesFetched
    const config = `Acquire::http::Proxy "${world.url}";\n`
    await install(t, clientOf(t, [throughProxy], config))
    t.ok(world.pull.statistics().bytesFetched - before < 1_000_000, 'but its signed index')
  })

  await t.test('as a mirror and the proxy at once', async t => {
    await install(t, clientOf(t, [throughPath], `Acquire::http::Proxy "${world.url}";\n`))
  })

  await t.test('by a fresh client with the upstream unreachable', async t => {
    const gone = await openFakeOrigin()
    await gone.close()
    const off = await openMirrorWorld({ debian: `${gone.url}debian/` }, { home: world.home })
    t.teardown(() => off.close())
    off.clock.advance(3_600_000)
    await install(
      t,
      clientOf(t, [`deb [signed-by=${keyring}] ${off.url}/apt/debian ${mirror.suite} main`])
    )
    t.equal(off.pull.statistics().bytesFetched, 0)
    t.ok(off.pull.statistics().stale > 0, 'InRelease was served stale')
    const key = [...off.catalog.items('apt/debian/pool/')][0]?.key
    t.type(key, 'string')
  })
})
