import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { openAptClient } from '../lib/apt-client.ts'
import { publishIndexes, publishRelease, publishVersion } from '../lib/fake-archive.ts'
import { openFakeOrigin, sha256Hex } from '../lib/fake-origin.ts'
import { openMirrorWorld } from '../lib/mirror-world.ts'
import { requireClient } from '../lib/skip.ts'

t.setTimeout(200_000)

/** Real clients update again and again while the archive changes below them, half a change at a time. */
for (const [what, byHash, apart] of [
  ['by hash', true, false],
  ['by plain names', false, false],
  ['with the signature apart', false, true]
] as const) {
  t.test(`apt-get update never sees a mixture: ${what}`, async t => {
    if (!requireClient(t, 'apt-get')) return
    const key = await makeKey('The archive')
    const origin = await openFakeOrigin()
    const world = await openMirrorWorld({
      a: { url: `${origin.url}a/`, keyring: async () => Buffer.from(key.publicKey) }
    })
    t.teardown(() => Promise.all([world.remove(), origin.close()]))
    const architectures = ['amd64', 'arm64']
    const release = apart ? 'Release' : 'InRelease'
    const of = (version: number) => ({ version, key, byHash, apart, architectures })
    await publishVersion(origin, 'a/', of(1))
    const clients = [1, 2].map(() => {
      const client = openAptClient({
        sources: [`deb [arch=amd64,arm64 signed-by=/signed-by] ${world.url}/apt/a stable main`],
        config: 'APT::Architectures { "amd64"; "arm64"; };\n'
      })
      t.teardown(() => client.remove())
      const keyring = join(client.root, 'key.asc')
      writeFileSync(keyring, key.publicKey)
      writeFileSync(
        join(client.root, 'etc/sources/test.list'),
        `deb [arch=amd64,arm64 signed-by=${keyring}] ${world.url}/apt/a stable main\n`
      )
      return client
    })
    const update = async (client: (typeof clients)[number]): Promise<void> => {
      const { exitCode, all } = await client.run('update', '--error-on=any')
      t.equal(exitCode, 0, 'apt-get update') || t.comment(all)
    }
    await update(clients[0]!)
    let changing = true
    let changes = 0
    const change = async (): Promise<void> => {
      for (let version = 2; changing; version++) {
        changes++
        await publishRelease(origin, 'a/', of(version))
        await new Promise(resolve => setImmediate(resolve))
        publishIndexes(origin, 'a/', of(version))
        world.clock.advance(61_000)
        // Faster changes could not be taken over, and ten minutes of this clock pass in no time.
        const body = origin.items.get(`a/dists/stable/${release}`)?.body ?? Buffer.alloc(0)
        const taken = () => world.catalog.get(`apt/a/dists/stable/${release}`)?.digests[0]
        for (let tries = 1; changing && taken() !== `sha256:${sha256Hex(body)}`; tries++) {
          await new Promise(resolve => setTimeout(resolve, 20))
          // After its rest a broken version is asked for again; in all less than its indexes are waited for.
          if (tries % 25 === 0 && tries <= 25 * 40) world.clock.advance(11_000)
        }
      }
    }
    const loop = change()
    await Promise.all(
      clients.map(async client => {
        for (let round = 0; round < 6; round++) await update(client)
      })
    )
    changing = false
    await loop
    t.ok(changes > 1, `${changes} changes`)
    world.clock.advance(61_000)
    await update(clients[1]!)
    const versions = world.catalog.versionAt('apt/a/dists/stable/InRelease', world.clock.nowMs())
    t.equal(versions === undefined, apart)
  })
}

t.test('apt-get has the newest there was while the mirror sends an older one again', async t => {
  if (!requireClient(t, 'apt-get')) return
  const key = await makeKey('The archive')
  const origin = await openFakeOrigin()
  const world = await openMirrorWorld({
    a: { url: `${origin.url}a/`, keyring: async () => Buffer.from(key.publicKey) }
  })
  t.teardown(() => Promise.all([world.remove(), origin.close()]))
  const client = openAptClient({ sources: [] })
  t.teardown(() => client.remove())
  const keyring = join(client.root, 'key.asc')
  writeFileSync(keyring, key.publicKey)
  writeFileSync(
    join(client.root, 'etc/sources/test.list'),
    `deb [signed-by=${keyring}] ${world.url}/apt/a stable main\n`
  )
  const seen = async (version: number) => {
    world.clock.advance(3_600_000)
    const { exitCode, all } = await client.run('update', '--error-on=any')
    t.equal(exitCode, 0, 'apt-get update') || t.comment(all)
    const lists = join(client.root, 'state/lists')
    const index = readdirSync(lists).find(name => name.endsWith('_Packages')) ?? ''
    t.match(readFileSync(join(lists, index), 'utf8'), `Version: ${version}\n`)
  }
  await publishVersion(origin, 'a/', { version: 2, key })
  await seen(2)
  await publishVersion(origin, 'a/', { version: 1, key })
  await seen(2)
  t.match(world.warnings.at(-1)?.message, /older than the one held.*last good one is served/)
  await publishVersion(origin, 'a/', { version: 3, key })
  await seen(3)
})
