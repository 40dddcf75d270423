import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { type FakeOrigin, inSteps, openFakeOrigin } from '../lib/fake-origin.ts'
import { until } from '../lib/pull-world.ts'
import { digest256, openRegistryWorld, type RegistryWorld } from '../lib/registry-world.ts'
import { soaks } from '../soak/random.ts'

const MB = 1_000_000

async function setUp(t: Test): Promise<{ world: RegistryWorld; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  const world = await openRegistryWorld({
    upstreams: { up: { url: origin.url } },
    patience: { idleMs: 30_000 }
  })
  t.teardown(async () => {
    await world.remove()
    await origin.close()
  })
  return { world, origin }
}

function serveBlob(origin: FakeOrigin, bytes: number): { body: Buffer; path: string } {
  const body = randomBytes(bytes)
  const path = `app/blobs/${digest256(body)}`
  origin.items.set(`v2/${path}`, { body, ranges: true })
  return { body, path: `/v2/up/${path}` }
}

/** Whether a body is as expected, without keeping it. */
async function gets(url: string, expected: Buffer): Promise<boolean> {
  let position = 0
  let same = true
  for await (const piece of await open(url)) {
    const { length } = piece as Buffer
    same &&= expected.subarray(position, position + length).equals(piece as Buffer)
    position += length
  }
  return same && position === expected.length
}

async function open(url: string): Promise<IncomingMessage> {
  const [answer] = await once(get(url, { agent: false }), 'response')
  return answer as IncomingMessage
}

/** With CAIRN_SOAK it is a large layer: ten gigabytes go to the clients. */
const coldBlob = soaks() ? 200 * MB : 8 * MB

if (soaks()) t.setTimeout(600_000)

t.test('50 clients that ask for one cold blob are one download', async t => {
  if (soaks()) t.setTimeout(600_000)
  const { world, origin } = await setUp(t)
  const { body, path } = serveBlob(origin, coldBlob)
  const steps = inSteps({ body }, coldBlob / 2)
  origin.items.set(path.replace('/v2/up', 'v2'), { body, faults: [steps.fault] })
  const first = open(world.url + path)
  steps.next()
  const others = Array.from({ length: 49 }, () => gets(world.url + path, body))
  await until(() => world.pull.statistics().requests === 50)
  ;(await first).destroy()
  steps.next()
  t.ok(
    (await Promise.all(others)).every(same => same),
    'all 49 others have the right bytes'
  )
  t.equal(origin.requests.length, 1, 'though the first hung up')
  t.ok(await gets(world.url + path, body), 'and it is held')
  t.equal(origin.requests.length, 1)
})

t.test('a range is served from a blob on its way', async t => {
  const { world, origin } = await setUp(t)
  const { body, path } = serveBlob(origin, 10 * MB)
  const item = { body, ranges: true }
  const steps = inSteps(item, 6 * MB)
  origin.items.set(path.replace('/v2/up', 'v2'), { ...item, faults: [steps.fault] })
  const whole = gets(world.url + path, body)
  steps.next()
  await until(() => world.pull.statistics().bytesFetched === 6 * MB)
  const part = await world.ask(path, { headers: { range: 'bytes=1000000-4999999' } })
  t.equal(part.status, 206)
  t.equal(part.headers.get('content-range'), 'bytes 1000000-4999999/10000000')
  const bytes = Buffer.from(await part.arrayBuffer())
  t.ok(bytes.equals(body.subarray(1 * MB, 5 * MB)), 'before the rest has come')
  const late = world.ask(path, { headers: { range: 'bytes=9999990-' } })
  steps.next()
  t.ok(Buffer.from(await (await late).arrayBuffer()).equals(body.subarray(-10)))
  t.ok(await whole)
  t.equal(origin.requests.length, 1)
})
