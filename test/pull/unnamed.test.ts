import t, { type Test } from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import type { Adapter } from '../../src/pull/adapter.ts'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import { bodyOf, openPullWorld, type PullWorld, until, wantedItem } from '../lib/pull-world.ts'

/** A package that is asked for while the index that names it is still being learnt. */

const right = Buffer.from('right')
const indexed = { document: 'fake/u/index' }

async function setUp(t: Test): Promise<{
  world: PullWorld
  origin: FakeOrigin
  learn: () => void
}> {
  const origin = await openFakeOrigin()
  const gate = Promise.withResolvers<void>()
  const slow: Adapter = {
    name: 'fake',
    classify: () => undefined,
    async *learn(_item, _document, signal) {
      signal?.addEventListener('abort', () => gate.resolve(), { once: true })
      await gate.promise
      yield { key: 'fake/u/a.deb', digest: digestOf('sha256', right) }
    }
  }
  const world = openPullWorld({ adapters: [slow] })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  origin.items.set('u/Packages', { body: Buffer.from('index') })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'u/Packages', indexed)))
  return { world, origin, learn: () => gate.resolve() }
}

t.test('it is not taken before it can be verified', async t => {
  const { world, origin, learn } = await setUp(t)
  origin.items.set('u/a.deb', { body: Buffer.from('wrong') })
  const fetched = world.pull.fetch(wantedItem(origin, 'u/a.deb'))
  origin.items.set('other/b.deb', { body: Buffer.from('b') })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'other/b.deb')))
  t.equal(origin.count('u/a.deb'), 0, 'what another upstream has does not wait')
  learn()
  await t.rejects(
    fetched.then(answer => bodyOf(answer)),
    { code: 'mismatch' }
  )
  t.equal(world.catalog.get('fake/u/a.deb'), undefined)
})

t.test('a client that leaves, and a stop, end the waiting', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('u/a.deb', { body: right })
  const client = new AbortController()
  const left = world.pull.fetch(wantedItem(origin, 'u/a.deb'), { signal: client.signal })
  client.abort()
  await t.rejects(left, { code: 'aborted' })
  const stopped = world.pull.fetch(wantedItem(origin, 'u/a.deb'))
  stopped.catch(() => {})
  await world.pull.close()
  await t.rejects(stopped, { code: 'aborted' })
})

t.test('what was taken before any index came is compared before it is served again', async t => {
  const { world, origin, learn } = await setUp(t)
  learn()
  await world.pull.learnt()
  origin.items.set('v/a.deb', { body: Buffer.from('wrong') })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'v/a.deb')))
  await until(() => world.pull.statistics().flights === 0)
  const learning = world.catalog.learn('fake/v/index', {
    digest: digestOf('sha256', right),
    learntMs: 1
  })
  learning.add([{ key: 'fake/v/a.deb', digest: digestOf('sha512', right) }])
  learning.commit()
  const again = world.pull.fetch(wantedItem(origin, 'v/a.deb'))
  await t.rejects(
    again.then(answer => bodyOf(answer)),
    { code: 'mismatch' },
    'by whatever digest it is named'
  )
  origin.items.set('v/a.deb', { body: right })
  t.same(await bodyOf(await world.pull.fetch(wantedItem(origin, 'v/a.deb'))), right)
  await until(() => world.pull.statistics().flights === 0)
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'v/a.deb')))
  t.equal(origin.count('v/a.deb'), 3, 'and then it is held')
})
