import { randomBytes } from 'node:crypto'
import t from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import type { HttpDoor } from '../../src/base/http.ts'
import { openPace } from '../../src/gateway/pace.ts'
import { openPeerDoor } from '../../src/gateway/peer-door.ts'
import type { Peer } from '../../src/net/api.ts'
import { InUse } from '../../src/pull/in-use.ts'
import { openShelf } from '../../src/pull/shelf.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { bodyOf, type PullWorld, until, wantedItem } from '../lib/pull-world.ts'
import { makeNode } from './libp2p-world.ts'
import { hold, makeMachine } from './peer-world.ts'

const long = seededBytes(20_000_000, 'long')

function doorOf({ database, catalog, store, reader, log }: PullWorld): HttpDoor {
  const inUse = new InUse(systemClock)
  const isPublic = () => true
  const shelf = openShelf({ database, catalog, blocks: store, reader, inUse, log, isPublic })
  return openPeerDoor({
    shelf,
    blocks: store,
    shared: { among: async () => [] },
    pace: openPace(undefined, systemClock),
    takeRecord: () => {}
  })
}

t.test('machines find each other and bytes move, authenticated', async t => {
  const holder = makeMachine(t)
  const digest = await hold(t, holder, 'long', long)
  const a = await makeNode(t, { doors: [doorOf(holder)] })
  const b = await makeNode(t, {})
  await until(() => b.found.some(({ id }) => id === a.id))
  const machine = makeMachine(t, b.pull)
  const wanted = wantedItem({ url: 'http://127.0.0.1:9/' }, 'long', { digest })
  const answer = await machine.pull.fetch(wanted)
  t.equal(Buffer.compare(await bodyOf(answer), long), 0)
  t.match(b.peers.list(), [{ id: a.id, kind: 'libp2p', from: 'lan' }])
})

t.test('who is banned is not spoken to', async t => {
  const banned = new Set<string>()
  const open = await makeNode(t, { banned })
  const ask = async (of: { found: Peer[] }): Promise<number | undefined> => {
    const signal = AbortSignal.timeout(20_000)
    const peer = of.found.find(({ id }) => id === open.id)
    return (await peer?.request('/', { method: 'GET', signal }))?.status
  }
  const good = await makeNode(t, {})
  await until(() => good.found.some(({ id }) => id === open.id))
  t.equal(await ask(good), 404, 'it answers')
  const bad = await makeNode(t, {})
  banned.add(bad.id)
  await until(() => bad.found.some(({ id }) => id === open.id))
  await t.rejects(ask(bad).then(() => {}))
})

t.test('below a swarm key all of it arrives, over and over, and nobody else is let in', async t => {
  const swarmKey = randomBytes(32)
  const holder = makeMachine(t)
  const digest = await hold(t, holder, 'long', long)
  const a = await makeNode(t, { doors: [doorOf(holder)], swarmKey })
  const b = await makeNode(t, { swarmKey })
  await until(() => b.found.some(({ id }) => id === a.id))
  const signal = AbortSignal.timeout(60_000)
  for (let round = 0; round < 4; round++) {
    const offer = await b.pull.source.find(digest, {
      bytes: undefined,
      without: new Set(),
      from: 0,
      signal
    })
    const pieces: Uint8Array[] = []
    for await (const piece of (await offer?.open(0, signal)) ?? []) pieces.push(piece)
    t.equal(Buffer.compare(Buffer.concat(pieces), long), 0, `round ${round}`)
  }
  for (const [who, setting] of [
    ['no key', {}],
    ['another key', { swarmKey: randomBytes(32) }]
  ] as const) {
    const stranger = await makeNode(t, setting)
    await until(() => stranger.found.some(({ id }) => id === a.id))
    const peer = stranger.found.find(({ id }) => id === a.id)
    await t.rejects(
      peer!.request('/', { method: 'GET', signal }).then(() => {}),
      who
    )
    await until(() => a.found.some(({ id }) => id === stranger.id))
    const back = a.found.find(({ id }) => id === stranger.id)
    await t.rejects(
      back!.request('/', { method: 'GET', signal }).then(() => {}),
      `to ${who}`
    )
  }
})
