import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type AptClient, openAptClient } from '../lib/apt-client.ts'
import { type MirrorWorld, machineMirror, openMirrorWorld } from '../lib/mirror-world.ts'
import { until } from '../lib/pull-world.ts'
import { requireClient } from '../lib/skip.ts'

/** Real downloads, on a machine that may be busy. */
t.setTimeout(280_000)

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'
const keys = async () => readFileSync(keyring)

async function ok(t: Test, client: AptClient, ...args: string[]): Promise<void> {
  const { exitCode, all } = await client.run(...args)
  t.equal(exitCode, 0, `apt-get ${args.join(' ')}`) || t.comment(all)
}

t.test('what apt asks of archives', async t => {
  if (!requireClient(t, 'apt-get') || !requireClient(t, 'dpkg-source')) return
  const mirror = machineMirror()
  if (mirror === undefined) {
    t.fail('this machine has no http Debian mirror in its apt sources')
    return
  }
  const upstreams = {
    debian: { url: mirror.url, keyring: keys },
    again: { url: mirror.url, keyring: keys }
  }
  const world: MirrorWorld = await openMirrorWorld(upstreams, { patience: {} })
  t.teardown(() => world.remove())
  const clientOf = (t: Test, lines: string[], config = ''): AptClient => {
    const client = openAptClient({ sources: lines, config })
    t.teardown(() => client.remove())
    return client
  }
  const line = (type: string, name: string, options = '') =>
    `${type} [${options} signed-by=${keyring}] ${world.url}/apt/${name} ${mirror.suite} main`

  await t.test('source packages, verified by the index', async t => {
    const client = clientOf(t, [line('deb-src', 'debian')])
    await ok(t, client, 'update', '--error-on=any')
    await ok(t, client, 'source', '--download-only', 'hello')
    await until(() => world.pull.statistics().flights === 0)
    await world.pull.learnt()
    const items = [...world.catalog.items('apt/debian/pool/')]
    t.ok(items.length >= 3, 'dsc, orig and debian')
    for (const item of items) {
      t.ok(item.digests.includes(world.catalog.expected(item.key)!.digest), item.key)
    }
  })
  await t.test('translations, contents and another architecture', async t => {
    const client = clientOf(
      t,
      [line('deb', 'debian', 'arch=amd64,arm64')],
      `APT::Architectures { "amd64"; "arm64"; };
#clear Acquire::Languages;
Acquire::Languages { "en"; };
`
    )
    await ok(t, client, 'update', '--error-on=any')
    const lists = readdirSync(join(client.root, 'state/lists')).join(' ')
    t.match(lists, /binary-amd64_Packages/)
    t.match(lists, /binary-arm64_Packages/)
    t.match(lists, /Translation-en/)
    await ok(t, client, 'install', '-y', '--download-only', 'hello:arm64')
    t.ok(client.archives().some(name => name.endsWith('_arm64.deb')))
  })
  await t.test('the same archive by another name costs its signed index alone', async t => {
    const before = world.pull.statistics().bytesFetched
    const client = clientOf(t, [line('deb', 'again', 'arch=amd64'), line('deb', 'debian')])
    await ok(t, client, 'update', '--error-on=any')
    await ok(t, client, 'install', '-y', '--download-only', 'hello')
    const fetched = world.pull.statistics().bytesFetched - before
    t.ok(fetched < 4_000_000, `${fetched} bytes: InRelease, and packages of this architecture`)
  })
  await t.test('every form of an index has the bytes that the Release names', async t => {
    const folder = `apt/debian/dists/${mirror.suite}/main/binary-amd64`
    const seen: string[] = []
    for (const name of ['Packages', 'Packages.gz', 'Packages.xz', 'Release']) {
      const answer = await fetch(`${world.url}/${folder}/${name}`)
      const bytes = (await answer.arrayBuffer()).byteLength
      if (answer.status !== 200) continue
      seen.push(name)
      t.equal(bytes, world.catalog.expected(`${folder}/${name}`)?.bytes, name)
    }
    t.ok(seen.length > 0, `${seen}`)
  })
  t.strictSame(world.warnings, [])
})
