import t from 'tap'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { archiveKey as key, openConnection, setUpArchive } from '../lib/archive-world.ts'
import {
  type ArchiveVersion,
  packagesText,
  publishIndexes,
  publishRelease,
  publishVersion
} from '../lib/fake-archive.ts'
import { status } from '../lib/fake-origin.ts'

const stranger = await makeKey('Somebody else')
const suite = 'apt/a/dists/stable'
const index = `${suite}/main/binary-amd64/Packages`

const later = 61_000

t.test(
  'a new Release is served when the indexes in use are here in the version it names',
  async t => {
    for (const byHash of [false, true]) {
      await t.test(byHash ? 'by hash' : 'by plain names', async t => {
        const { world, origin } = await setUpArchive(t)
        const one: ArchiveVersion = { version: 1, key, byHash }
        const two: ArchiveVersion = { version: 2, key, byHash }
        await publishVersion(origin, 'a/', one)
        const get = openConnection(t, world)
        t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 1/ })
        t.equal((await get(index)).text, packagesText(1))
        world.clock.advance(later)
        await publishRelease(origin, 'a/', two)
        t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 1/, from: 'stale' })
        t.equal((await get(index)).text, packagesText(1), 'the mirror is in the middle of a change')
        publishIndexes(origin, 'a/', two)
        world.clock.advance(later)
        t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 2/ })
        const before = origin.requests.length
        t.equal((await get(index)).text, packagesText(2))
        t.equal(origin.requests.length, before, 'its index was here already')
      })
    }
  }
)

t.test(
  'a client that has the old Release gets its indexes, from whoever took the new one',
  async t => {
    const { world, origin } = await setUpArchive(t)
    await publishVersion(origin, 'a/', { version: 1, key })
    const slow = openConnection(t, world)
    t.match(await slow(`${suite}/InRelease`), { text: /version 1/ })
    const first = openConnection(t, world)
    t.equal((await first(index)).text, packagesText(1))
    await publishVersion(origin, 'a/', { version: 2, key })
    world.clock.advance(later)
    const quick = openConnection(t, world)
    t.match(await quick(`${suite}/InRelease`), { text: /version 2/ })
    t.equal((await quick(index)).text, packagesText(2))
    t.equal((await slow(index)).text, packagesText(1))
    t.match(await slow(`${suite}/InRelease`), { text: /version 2/ })
    t.equal((await slow(index)).text, packagesText(2))
  }
)

t.test('Release and Release.gpg are of one version', async t => {
  const { world, origin } = await setUpArchive(t)
  await publishVersion(origin, 'a/', { version: 1, key, apart: true })
  const get = openConnection(t, world)
  t.equal((await get(`${suite}/InRelease`)).status, 404)
  t.match(await get(`${suite}/Release`), { status: 200, text: /version 1/ })
  const signature = (await get(`${suite}/Release.gpg`)).text
  t.match(signature, /BEGIN PGP SIGNATURE/)
  world.clock.advance(later)
  const gpg = origin.items.get('a/dists/stable/Release.gpg')
  await publishVersion(origin, 'a/', { version: 2, key, apart: true })
  const newGpg = origin.items.get('a/dists/stable/Release.gpg')
  origin.items.set('a/dists/stable/Release.gpg', gpg!)
  t.match(await get(`${suite}/Release`), { text: /version 1/, from: 'stale' }, 'half of a change')
  t.equal((await get(`${suite}/Release.gpg`)).text, signature)
  origin.items.set('a/dists/stable/Release.gpg', newGpg!)
  world.clock.advance(later)
  t.equal((await get(`${suite}/Release.gpg`)).text, signature, 'of the Release it got')
  const other = openConnection(t, world)
  t.equal((await other(`${suite}/Release.gpg`)).text, newGpg?.body.toString(), 'asked for first')
  t.match(await other(`${suite}/Release`), { text: /version 2/, from: 'hit' })
})

t.test(
  'an index that is named and never served holds a new version up for ten minutes at most',
  async t => {
    const { world, origin } = await setUpArchive(t)
    await publishVersion(origin, 'a/', { version: 1, key })
    const get = openConnection(t, world)
    await get(`${suite}/InRelease`)
    t.equal((await get(index)).status, 200)
    await publishVersion(origin, 'a/', { version: 2, key })
    origin.items.delete('a/dists/stable/main/binary-amd64/Packages')
    world.clock.advance(later)
    t.match(await get(`${suite}/InRelease`), { text: /version 1/, from: 'stale' })
    world.clock.advance(601_000)
    t.match(await get(`${suite}/InRelease`), { text: /version 2/ })
    t.equal((await get(index)).status, 404, 'not what another version names')
  }
)

t.test('an index nobody asks for any more does not come along', async t => {
  const { world, origin } = await setUpArchive(t)
  await publishVersion(origin, 'a/', { version: 1, key })
  const get = openConnection(t, world)
  await get(`${suite}/InRelease`)
  await get(index)
  for (let version = 2; version < 4; version++) {
    await publishVersion(origin, 'a/', { version, key })
    world.clock.advance(5 * 86_400_000)
    await get(`${suite}/InRelease`)
  }
  t.equal(origin.count('a/dists/stable/main/binary-amd64/Packages'), 2)
})

t.test('an upstream that fails leaves the last version to be served', async t => {
  const { world, origin } = await setUpArchive(t)
  await publishVersion(origin, 'a/', { version: 1, key })
  const get = openConnection(t, world)
  await get(`${suite}/InRelease`)
  await get(index)
  world.clock.advance(later)
  const item = origin.items.get('a/dists/stable/InRelease')!
  origin.items.set('a/dists/stable/InRelease', { ...item, faults: Array(9).fill(status(503)) })
  t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 1/, from: 'stale' })
  world.clock.advance(later)
  await origin.down()
  t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 1/, from: 'stale' })
  t.equal((await get(index)).text, packagesText(1))
})

t.test(
  'a client is not kept waiting for a slow change: it gets the last version meanwhile',
  async t => {
    const { world, origin } = await setUpArchive(t, { patience: { takeoverMs: 50 } })
    await publishVersion(origin, 'a/', { version: 1, key })
    const get = openConnection(t, world)
    await get(`${suite}/InRelease`)
    await get(index)
    await publishVersion(origin, 'a/', { version: 2, key })
    const held = Promise.withResolvers<void>()
    const path = 'a/dists/stable/main/binary-amd64/Packages'
    const body = origin.items.get(path)!.body
    origin.items.set(path, {
      body,
      faults: [(_, response) => void held.promise.then(() => response.end(body))]
    })
    world.clock.advance(later)
    t.match(await get(`${suite}/InRelease`), { text: /version 1/, from: 'stale' })
    held.resolve()
    const until = Date.now() + 20_000
    while (Date.now() < until && !/version 2/.test((await get(`${suite}/InRelease`)).text));
    t.equal((await get(index)).text, packagesText(2))
  }
)

t.test('one request of the upstream, however many clients ask at once', async t => {
  const { world, origin } = await setUpArchive(t)
  await publishVersion(origin, 'a/', { version: 1, key })
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => openConnection(t, world)(`${suite}/InRelease`))
  )
  t.ok(answers.every(({ status }) => status === 200))
  t.equal(origin.count('a/dists/stable/InRelease'), 1)
})

t.test('snapshots: the archive as it was seen at a time', async t => {
  const { world, origin } = await setUpArchive(t)
  const get = openConnection(t, world)
  const times: number[] = []
  for (const version of [1, 2, 3]) {
    await publishVersion(origin, 'a/', { version, key })
    await get(`${suite}/InRelease`)
    if (version !== 2) t.equal((await get(index)).text, packagesText(version))
    times.push(world.clock.nowMs())
    world.clock.advance(later)
  }
  const at = (ms: number) => `apt/a/@${new Date(ms).toISOString()}/dists/stable`
  const fresh = openConnection(t, world)
  for (const [number, ms] of times.entries()) {
    t.match(await fresh(`${at(ms)}/InRelease`), { status: 200, text: `version ${number + 1}\n` })
    t.equal((await fresh(`${at(ms)}/main/binary-amd64/Packages`)).text, packagesText(number + 1))
  }
  t.equal((await fresh(`${at(times[0]! - 3_600_000)}/InRelease`)).status, 404, 'before the first')
  t.equal((await fresh('apt/a/@yesterday/dists/stable/InRelease')).status, 400)
  await origin.down()
  t.match(await fresh(`${at(times[1]!)}/InRelease`), { text: 'version 2\n' })
})

t.test('what waits to be taken over cannot be asked for', async t => {
  const { world, origin } = await setUpArchive(t)
  await publishVersion(origin, 'a/', { version: 1, key: stranger })
  const get = openConnection(t, world)
  await get(`${suite}/InRelease`)
  t.equal((await get(`${suite}/@next/InRelease`)).status, 404)
})

t.test(
  'what else an archive has passes as it is: pdiffs, contents, translations, bzip2',
  async t => {
    const { world, origin } = await setUpArchive(t)
    const files = (text: string) => ({
      'main/i18n/Translation-en.bz2': Buffer.from(`BZh translation ${text}`),
      'main/Contents-amd64.gz': Buffer.from(`contents ${text}`),
      'main/binary-amd64/Packages.diff/Index': Buffer.from(`SHA256-Current: ${text}`),
      'main/dep11/Components-amd64.yml.xz': Buffer.from(`dep11 ${text}`)
    })
    const patch = 'main/binary-amd64/Packages.diff/T-2-F-1.gz'
    origin.items.set(`a/dists/stable/${patch}`, { body: Buffer.from('a patch') })
    for (const version of [1, 2]) {
      const more = files(`of ${version}`)
      await publishVersion(origin, 'a/', { version, key, more })
      const get = openConnection(t, world)
      t.match(await get(`${suite}/InRelease`), { text: `version ${version}\n` })
      for (const [path, body] of Object.entries(more)) {
        t.equal((await get(`${suite}/${path}`)).text, body.toString(), path)
      }
      t.equal((await get(`${suite}/${patch}`)).text, 'a patch')
      world.clock.advance(later)
    }
  }
)
