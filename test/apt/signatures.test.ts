import t from 'tap'
import { makeKey } from '../../adapters/apt/openpgp/run.ts'
import { archiveKey as key, openConnection, setUpArchive } from '../lib/archive-world.ts'
import { packagesText, publishVersion } from '../lib/fake-archive.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { openMirrorWorld } from '../lib/mirror-world.ts'

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
