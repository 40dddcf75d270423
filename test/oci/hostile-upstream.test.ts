import t, { type Test } from 'tap'
import {
  type FakeOrigin,
  type Misbehaviour,
  neverEnds,
  openFakeOrigin,
  status
} from '../lib/fake-origin.ts'
import { until } from '../lib/pull-world.ts'
import { codeOf, digest256, openRegistryWorld, type RegistryWorld } from '../lib/registry-world.ts'

async function setUp(t: Test): Promise<{ world: RegistryWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = await openRegistryWorld({ upstreams: { up: { url: origin.url } } })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

/** The origin answers so, however often it is asked for the path. */
function always(origin: FakeOrigin, path: string, fault: Misbehaviour): void {
  const faults = Array.from({ length: 100 }, () => fault)
  origin.items.set(path, { body: Buffer.alloc(0), faults })
}

const digest = digest256('not there')

/** All that is asked of an upstream. */
const asked = [
  'app/manifests/v1',
  `app/manifests/${digest}`,
  `app/blobs/${digest}`,
  `app/referrers/${digest}`,
  'app/tags/list'
]

/** As Cairn asks for the path. */
function upstreamPath(path: string): string {
  return path === 'app/tags/list' ? `v2/${path}?n=1000` : `v2/${path}`
}

t.test('an upstream that redirects in a ring is an upstream that failed', async t => {
  const { world, origin } = await setUp(t)
  for (const path of asked) {
    const location = `/${upstreamPath(path)}`
    const ring: Misbehaviour = (_request, response) =>
      void response.writeHead(307, { location }).end()
    always(origin, upstreamPath(path), ring)
    const before = origin.requests.length
    t.equal(await codeOf(await world.ask(`/v2/up/${path}`)), '502 UNKNOWN', path)
    t.ok(origin.requests.length - before <= 24, 'after a few times')
  }
})

t.test('an upstream that takes no token it gave is asked twice, not for ever', async t => {
  const { world, origin } = await setUp(t)
  const challenge = { 'www-authenticate': `Bearer realm="${origin.url}token"` }
  const refuse: Misbehaviour = (_request, response) => void response.writeHead(401, challenge).end()
  origin.items.set('token', { body: Buffer.from('{"token":"x"}') })
  for (const path of asked) {
    always(origin, upstreamPath(path), refuse)
    const before = origin.requests.length
    t.equal(await codeOf(await world.ask(`/v2/up/${path}`)), '502 UNKNOWN', path)
    t.ok(origin.requests.length - before <= 12, `${origin.requests.length - before} requests`)
  }
})

t.test('lists and manifests without end are given up, and let go of', async t => {
  const { world, origin } = await setUp(t)
  let open = 0
  const endless: Misbehaviour = (request, response) => {
    open++
    response.once('close', () => open--)
    if (request.method === 'HEAD') response.writeHead(200).end()
    else neverEnds()(request, response)
  }
  for (const path of asked.filter(each => !each.includes('/blobs/'))) {
    always(origin, upstreamPath(path), endless)
    t.equal(await codeOf(await world.ask(`/v2/up/${path}`)), '502 UNKNOWN', path)
    await until(() => open === 0)
  }
  t.equal((await world.ask('/v2/')).status, 200)
})

t.test('an upstream that is out of order is told as such, whatever is asked', async t => {
  const { world, origin } = await setUp(t)
  for (const code of [400, 403, 429, 500, 503]) {
    for (const path of asked) {
      always(origin, upstreamPath(path), status(code))
      const fresh = path.replace(digest, digest256(`${code}`))
      always(origin, upstreamPath(fresh), status(code))
      t.equal(await codeOf(await world.ask(`/v2/up/${fresh}`)), '502 UNKNOWN', `${code} ${path}`)
    }
  }
})
