import { randomBytes } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'
import t from 'tap'
import type { Status } from '../../src/control/api.ts'
import { MiB, openShop, status } from './budget-world.ts'
import { until } from './run-cairn.ts'

t.test('a daemon keeps to its budget by itself', async t => {
  const { world, origin, bodies, start, get } = await openShop(t, 8, '4M')
  const daemon = await start()
  const kept = randomBytes(6 * MiB)
  const cid = await world.line(['add', '-'], { input: kept })
  for (const [name, body] of bodies) t.ok((await get(daemon, name)).equals(body), name)
  const settled = ({ cache, store }: Status) =>
    cache.cachedBytes <= 4 * MiB && cache.freedBytes > 0 && store.segmentBytes < 12 * MiB
  let now = await status(daemon)
  await until(async () => {
    now = await status(daemon)
    return settled(now)
  })
  t.match(now.cache, { budgetBytes: 4 * MiB, unusedMs: undefined })
  t.match((await world.run(['stats'])).stdout, /cache +a budget of 4\.0 MiB; .* dropped so far/)
  const metrics = await (await fetch(`${daemon.url}metrics`)).text()
  t.match(metrics, /cairn_cache_budget_bytes 4194304\n/)
  t.match(metrics, /cairn_cache_dropped_bytes_total [1-9]/)
  const before = origin.requests.length
  t.ok((await get(daemon, 'p_7_all.deb')).equals(bodies.get('p_7_all.deb')!))
  t.equal(origin.requests.length, before, 'the last one used is held')
  t.ok((await get(daemon, 'p_0_all.deb')).equals(bodies.get('p_0_all.deb')!))
  t.equal(origin.requests.length, before + 1, 'the first one is fetched again')
  t.equal((await world.line(['cat', cid])).length, kept.toString('utf8').trim().length)
  t.equal((await world.run(['fsck'])).status, 0)
})

t.test('what somebody reads stays until he has it, and others go for it', async t => {
  const { world, origin, bodies, start, get } = await openShop(t, 4, '1M')
  const daemon = await start()
  const large = randomBytes(24 * MiB)
  origin.items.set('debian/pool/large_all.deb', { body: large })
  t.ok((await get(daemon, 'large_all.deb')).equals(large))
  for (const name of bodies.keys()) await get(daemon, name)
  const slow = await new Promise<IncomingMessage>(resolve => {
    request(`${daemon.url}apt/debian/pool/large_all.deb`, resolve).end()
  })
  t.equal(slow.headers['x-cairn'], 'hit')
  await world.line(['gc'])
  t.equal((await status(daemon)).cache.cachedBytes, large.length, 'all but what is being read')
  const pieces: Buffer[] = []
  for await (const piece of slow) pieces.push(piece as Buffer)
  t.ok(Buffer.concat(pieces).equals(large), 'it is whole')
  await until(async () => {
    await world.line(['gc'])
    return (await status(daemon)).cache.cachedBytes === 0
  })
  t.pass('read to its end, it goes')
  const before = origin.requests.length
  for (const [name, body] of bodies) t.ok((await get(daemon, name)).equals(body), name)
  t.equal(origin.requests.length, before + bodies.size, 'what went comes again')
})
