import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { viewPackages } from '../../src/daemon/view-packages.ts'
import { bodyOf, setUpPull, until, wantedItem } from '../lib/pull-world.ts'

t.test('a package that its index says is another is not shown', async t => {
  const { world, origin } = await setUpPull(t)
  const body = Buffer.from('taken before the index was known')
  origin.items.set('a.deb', { body })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'a.deb')))
  await until(() => world.pull.statistics().flights === 0)
  const view = viewPackages(world.catalog)
  for (const [named, bytes] of [
    [undefined, body.length],
    ['other', undefined],
    [body, body.length]
  ] as const) {
    if (named !== undefined) {
      const digest = digestOf('sha256', Buffer.from(named))
      const learning = world.catalog.learn('index', { digest, learntMs: 1 })
      learning.add([{ key: 'fake/a.deb', digest }])
      learning.commit()
    }
    t.equal(view.item('fake/a.deb')?.bytes, bytes, `named ${named}`)
  }
})
