import t, { type Test } from 'tap'
import { limits } from '../../src/base/limits.ts'
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

interface Page {
  readonly entries: string[]
  /** Where the list goes on, as a `Link` header has it. */
  readonly link?: string
  readonly query: string
}

/** Puts a list of referrers at the origin, by pages; returns its path here. */
function servePages(origin: FakeOrigin, pages: readonly Page[]): string {
  const path = `app/referrers/${digest256('subject')}`
  for (const { entries, link, query } of pages) {
    const manifests = entries.map(entry => ({
      mediaType: manifestType,
      digest: digest256(entry),
      size: 1,
      artifactType: entry
    }))
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests }))
    const headers = { etag: `"${query}"`, ...(link === undefined ? {} : { link }) }
    origin.items.set(`v2/${path}${query}`, { body, headers })
  }
  return `/v2/up/${path}`
}

t.test('referrers that an upstream sends by pages are one list, held whole', async t => {
  const { world, origin } = await setUp(t)
  const list = `/v2/app/referrers/${digest256('subject')}`
  const path = servePages(origin, [
    { query: '', entries: ['a/1', 'b/2'], link: `<${list}?page=2>; rel="next"` },
    { query: '?page=2', entries: ['a/3'], link: '<?page=3>; title="x"; rel=next' },
    { query: '?page=3', entries: ['b/4'], link: '<?page=1>; rel="first"' }
  ])
  const typesOf = async (query = '') => {
    const { manifests } = (await (await world.ask(path + query)).json()) as {
      manifests: Array<{ artifactType: string }>
    }
    return manifests.map(({ artifactType }) => artifactType)
  }
  t.strictSame(await typesOf(), ['a/1', 'b/2', 'a/3', 'b/4'])
  t.equal(origin.requests.length, 3)
  t.strictSame(await typesOf('?artifactType=b%2F4'), ['b/4'], 'one of the last page, filtered')
  world.clock.advance(61_000)
  t.equal((await typesOf()).length, 4)
  t.equal(origin.requests.length, 6, 'asked for again, all of it')
  await origin.down()
  world.clock.advance(61_000)
  t.equal((await typesOf()).length, 4, 'and whole when the upstream is gone')
})

const partial: ReadonlyArray<[string, readonly Page[]]> = [
  ['leads elsewhere', [{ query: '', entries: ['a'], link: '<http://[::1]:1/x>; rel="next"' }]],
  ['leads to another list', [{ query: '', entries: ['a'], link: '</v2/b/x>; rel="next"' }]],
  ['leads nowhere', [{ query: '', entries: ['a'], link: '<http://>; rel="next"' }]],
  ['is not there', [{ query: '', entries: ['a'], link: '<?page=2>; rel="next"' }]],
  [
    'is the same for ever',
    [
      { query: '', entries: ['a'], link: '<?>; rel="next"' },
      { query: '?', entries: ['a'], link: '<?>; rel="next"' }
    ]
  ],
  [
    'makes the list too long',
    [0, 1, 2].map(number => ({
      query: number === 0 ? '' : `?page=${number}`,
      entries: ['a'.repeat(3_000_000)],
      link: `<?page=${number + 1}>; rel="next"`
    }))
  ]
]

for (const [what, pages] of partial) {
  t.test(`a page of referrers that ${what}: a part never passes for the whole`, async t => {
    const { world, origin } = await setUp(t)
    const path = servePages(origin, pages)
    t.equal(await codeOf(await world.ask(path)), '502 UNKNOWN')
    t.ok(origin.requests.length <= 4 * limits.listPages, 'and it ends')
    servePages(origin, [{ query: '', entries: ['b'] }])
    world.clock.advance(61_000)
    t.match(await (await world.ask(path)).json(), { manifests: [{ artifactType: 'b' }] })
  })
}

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
