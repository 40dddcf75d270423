import t, { type Test } from 'tap'
import { type FakeOrigin, openFakeOrigin } from '../lib/fake-origin.ts'
import {
  codeOf,
  digest256,
  indexType,
  manifestType,
  openRegistryWorld,
  type RegistryWorld
} from '../lib/registry-world.ts'

async function setUp(t: Test): Promise<{ world: RegistryWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = await openRegistryWorld({ upstreams: { up: { url: origin.url } } })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

t.test('tags and referrers of an upstream', async t => {
  const { world, origin } = await setUp(t)
  const subject = digest256('subject')
  const list = (tags: string[]) => Buffer.from(JSON.stringify({ name: 'app', tags }))
  const link = '</v2/app/tags/list?last=b&n=2>; rel="next"'
  origin.items.set('v2/app/tags/list?n=2', { body: list(['a', 'b']), headers: { link } })
  origin.items.set('v2/app/tags/list?n=2&last=b', { body: list(['c']) })
  const first = await world.ask('/v2/up/app/tags/list?n=2')
  t.strictSame(await first.json(), { name: 'up/app', tags: ['a', 'b'] })
  t.equal(first.headers.get('link'), '</v2/up/app/tags/list?n=2&last=b>; rel="next"')
  const second = await world.ask('/v2/up/app/tags/list?n=2&last=b')
  t.strictSame(await second.json(), { name: 'up/app', tags: ['c'] })
  t.equal(second.headers.get('link'), null)
  t.equal(await codeOf(await world.ask('/v2/up/none/tags/list')), '404 NAME_UNKNOWN')

  const referrer = { mediaType: manifestType, digest: digest256('r'), size: 1, artifactType: 'a/b' }
  const index = Buffer.from(JSON.stringify({ manifests: [referrer] }))
  const path = `/v2/up/app/referrers/${subject}`
  origin.items.set(path.replace('/v2/up', 'v2'), { body: index })
  t.match(await (await world.ask(path)).json(), { manifests: [referrer] })
  const filtered = await world.ask(`${path}?artifactType=c/d`)
  t.equal(filtered.headers.get('oci-filters-applied'), 'artifactType')
  t.match(await filtered.json(), { manifests: { length: 0 } })
  await origin.down()
  world.clock.advance(61_000)
  t.match(await (await world.ask(path)).json(), { manifests: [referrer] }, 'also when it is gone')
})

t.test('referrers of a registry without an API for them are found by their tag', async t => {
  const { world, origin } = await setUp(t)
  const subject = digest256('subject')
  const referrer = { mediaType: manifestType, digest: digest256('r'), size: 1 }
  const body = Buffer.from(JSON.stringify({ mediaType: indexType, manifests: [referrer] }))
  const headers = { 'docker-content-digest': digest256(body) }
  origin.items.set(`v2/app/manifests/${subject.replace(':', '-')}`, { body, headers })
  origin.items.set(`v2/app/manifests/${digest256(body)}`, { body, headers })
  t.match(await (await world.ask(`/v2/up/app/referrers/${subject}`)).json(), {
    manifests: [referrer]
  })
  const none = await world.ask(`/v2/up/app/referrers/${digest256('none')}`)
  t.equal(none.status, 200)
  t.match(await none.json(), { manifests: { length: 0 } })
})
