import t from 'tap'
import { makeKey, verifySignature } from '../../adapters/apt/openpgp/run.ts'
import { limits } from '../../src/base/limits.ts'
import { archiveKey as key, openConnection, setUpArchive } from '../lib/archive-world.ts'
import { packagesText, publishVersion } from '../lib/fake-archive.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { openMirrorWorld } from '../lib/mirror-world.ts'
import { digestsOf, signedByDigests, signedWeakly } from '../lib/weak-keys.ts'

const stranger = await makeKey('Somebody else')
const suite = 'apt/a/dists/stable'
const index = `${suite}/main/binary-amd64/Packages`
const later = 61_000

t.test('signatures', async t => {
  await t.test(
    'a new version that a stranger signed is refused; the last good one is served',
    async t => {
      const { world, origin } = await setUpArchive(t)
      await publishVersion(origin, 'a/', { version: 1, key })
      const get = openConnection(t, world)
      await get(`${suite}/InRelease`)
      await get(index)
      await publishVersion(origin, 'a/', { version: 2, key: stranger })
      world.clock.advance(later)
      t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 1/, from: 'stale' })
      t.equal((await get(index)).text, packagesText(1))
      t.match(world.warnings[0], {
        facts: { code: 'denied' },
        message:
          /InRelease is refused: no key of the configured keyring signed it .*; the last good one is served/
      })
      await publishVersion(origin, 'a/', { version: 3, key })
      world.clock.advance(later)
      t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 3/ })
    }
  )
  for (const [what, replayed, why] of [
    ['an older version', { version: 1 }, /is refused: it is of .*, older than the one held/],
    [
      'another suite',
      { version: 3, suite: 'oldstable' },
      /it is of another suite \(suite oldstable/
    ]
  ] as const) {
    await t.test(`${what}, signed by the archive, is refused`, async t => {
      const { world, origin } = await setUpArchive(t)
      const get = openConnection(t, world)
      for (const version of [1, 2]) {
        await publishVersion(origin, 'a/', { version, key })
        world.clock.advance(later)
        t.match(await get(`${suite}/InRelease`), { text: new RegExp(`version ${version}`) })
      }
      await publishVersion(origin, 'a/', { ...replayed, key })
      const other = 'suite' in replayed ? replayed.suite : 'stable'
      const body = origin.items.get(`a/dists/${other}/InRelease`)?.body ?? Buffer.alloc(0)
      origin.items.set('a/dists/stable/InRelease', { body })
      world.clock.advance(later)
      t.match(await get(`${suite}/InRelease`), { from: 'stale', text: /version 2/ })
      t.match(world.warnings.at(-1)?.message, why)
    })
  }
  await t.test('a Release that is longer than any is refused, signed or not', async t => {
    const { world, origin } = await setUpArchive(t)
    const body = Buffer.alloc(limits.releaseBytes + 1, 'Description: x\n')
    origin.items.set('a/dists/stable/InRelease', { body })
    t.match(await openConnection(t, world)(`${suite}/InRelease`), { status: 502 })
    t.strictSame([...world.catalog.items('')], [])
  })
  await t.test('a key that has run out since, or was revoked, signs nothing', async t => {
    const signed = await signedWeakly('Suite: stable\n')
    const cases = [
      ['good', undefined],
      ['expired', /expired/],
      ['revoked', /revoked/]
    ] as const
    for (const [what, expected] of cases) {
      const { publicKey, inline } = signed[what]
      const { problem } = await verifySignature(Buffer.from(publicKey), Buffer.from(inline))
      if (expected === undefined) t.equal(problem, undefined, what)
      else t.match(problem, expected, what)
    }
  })
  for (const [self, data, expected] of [
    ['sha256', 'sha256', undefined],
    ['sha256', 'sha512', undefined],
    ['sha256', 'sha1', /Insecure message hash algorithm: SHA1/],
    ['sha256', 'ripemd', /Insecure .*hash algorithm: RIPEMD/],
    ['sha256', 'md5', /Insecure .*hash algorithm: MD5/],
    // As gpgv has it: many a maker's key certifies itself so, and whoever configured it vouches for it.
    ['sha1', 'sha256', undefined],
    ['sha1', 'sha1', /Insecure message hash algorithm: SHA1/],
    ['ripemd', 'sha256', /self-signature .*RIPEMD/],
    ['md5', 'sha256', /self-signature .*MD5/]
  ] as const) {
    const outcome = expected === undefined ? 'counts' : 'does not count'
    await t.test(`what ${data} signed, by a key that ${self} certifies, ${outcome}`, async t => {
      const { publicKey, inline } = await signedByDigests('Suite: stable\n', { self, data })
      t.same(await digestsOf(inline), [data])
      const { problem } = await verifySignature(Buffer.from(publicKey), Buffer.from(inline))
      if (expected === undefined) t.equal(problem, undefined)
      else t.match(problem, expected)
    })
  }
  await t.test(
    'a Release that its own key signs with SHA-1 from now on is refused; the good one stays',
    async t => {
      const text = 'Suite: stable\nDate: Tue, 01 Apr 2025 08:00:00 UTC\n'
      const weak = await signedByDigests(text, { self: 'sha256', data: 'sha1' })
      const { world, origin } = await setUpArchive(t, { keyring: key.publicKey + weak.publicKey })
      await publishVersion(origin, 'a/', { version: 1, key })
      const get = openConnection(t, world)
      t.match(await get(`${suite}/InRelease`), { status: 200 })
      origin.items.set('a/dists/stable/InRelease', { body: Buffer.from(weak.inline) })
      world.clock.advance(later)
      t.match(await get(`${suite}/InRelease`), { status: 200, text: /version 1/, from: 'stale' })
      t.match(world.warnings[0]?.message, /Insecure message hash algorithm: SHA1/)
    }
  )
  for (const [what, change] of [
    [
      'changed after signing',
      (body: Buffer) => Buffer.from(body.toString().replace('main', 'evil'))
    ],
    [
      'with unsigned text before it',
      (body: Buffer) => Buffer.concat([Buffer.from('Origin: evil\n'), body])
    ],
    [
      'with unsigned text after it',
      (body: Buffer) => Buffer.concat([body, Buffer.from('SHA256:\n')])
    ],
    [
      'without a signature',
      (body: Buffer) => Buffer.from(body.toString().split('-----BEGIN PGP SIG')[0]!)
    ],
    ['empty', () => Buffer.alloc(0)],
    ['an error page', () => Buffer.from('<html>captive portal</html>')]
  ] as const) {
    await t.test(`an InRelease ${what} is refused, and nothing of it is kept`, async t => {
      const { world, origin } = await setUpArchive(t)
      await publishVersion(origin, 'a/', { version: 1, key })
      const body = origin.items.get('a/dists/stable/InRelease')?.body ?? Buffer.alloc(0)
      origin.items.set('a/dists/stable/InRelease', { body: change(body) })
      const get = openConnection(t, world)
      const answer = await get(`${suite}/InRelease`)
      t.match(answer, { status: 403, text: /is refused/ })
      t.equal(world.catalog.get(`${suite}/InRelease`), undefined)
      t.equal(world.catalog.expected(index), undefined)
    })
  }
  await t.test('without a keyring the bytes pass as they are', async t => {
    const origin = await openFakeOrigin()
    const world = await openMirrorWorld({ a: `${origin.url}a/` })
    t.teardown(() => Promise.all([world.remove(), origin.close()]))
    await publishVersion(origin, 'a/', { version: 1, key: stranger })
    const { text } = await openConnection(t, world)(`${suite}/InRelease`)
    t.equal(text, origin.items.get('a/dists/stable/InRelease')?.body.toString())
  })
  await t.test('a keyring that cannot be read is said, and nothing passes', async t => {
    const { world, origin } = await setUpArchive(t, { keyring: 'not a key' })
    await publishVersion(origin, 'a/', { version: 1, key })
    t.match(await openConnection(t, world)(`${suite}/InRelease`), { status: 403, text: /refused/ })
  })
})

t.test('a Release that must be signed and is not is refused', async t => {
  const { world, origin } = await setUpArchive(t)
  await publishVersion(origin, 'a/', { version: 1 })
  t.match(await openConnection(t, world)(`${suite}/Release`), {
    status: 403,
    text: /not signed: there is no Release.gpg/
  })
})
