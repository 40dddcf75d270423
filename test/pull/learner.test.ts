import t from 'tap'
import type { Adapter } from '../../src/pull/adapter.ts'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { bodyOf, openPullWorld, until, wantedItem } from '../lib/pull-world.ts'

t.test('an index that is read without end is left when the engine closes', async t => {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  let reading = false
  const endless: Adapter = {
    name: 'fake',
    classify: () => undefined,
    async *learn(_item, _document, signal) {
      reading = true
      while (signal?.aborted !== true) await new Promise(resolve => setImmediate(resolve))
      signal.throwIfAborted()
      yield* []
    }
  }
  const world = openPullWorld({ adapters: [endless] })
  origin.items.set('Packages', { body: Buffer.from('x') })
  await bodyOf(await world.pull.fetch(wantedItem(origin, 'Packages', { document: 'fake/index' })))
  await until(() => reading)
  await world.remove()
  t.same(world.warnings, [], 'nothing to tell an operator')
})
