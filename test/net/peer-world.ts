import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'
import { systemClock } from '../../src/base/clock.ts'
import { openDatabase } from '../../src/base/database.ts'
import { type Digest, digestOf } from '../../src/base/digest.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import { openPace } from '../../src/gateway/pace.ts'
import { openPeerDoor } from '../../src/gateway/peer-door.ts'
import { openDigestSource } from '../../src/net/find-digest.ts'
import { PeerBook } from '../../src/net/peer-book.ts'
import { Peers } from '../../src/net/peers.ts'
import { netMigrations } from '../../src/net/schema.ts'
import type { PullPeers } from '../../src/pull/ask-peers.ts'
import { InUse } from '../../src/pull/in-use.ts'
import { openShelf } from '../../src/pull/shelf.ts'
import { bodyOf, openPullWorld, type PullWorld, until, wantedItem } from '../lib/pull-world.ts'

export interface Asking {
  readonly book: PeerBook
  readonly peers: Peers
  readonly pull: PullPeers
  readonly time: { skippedMs: number }
}

/** A list of peers in memory, as the engine of one machine uses it. */
export function makePeers(t: Pick<Test, 'teardown'>, addresses: readonly string[] = []): Asking {
  const database = openDatabase(':memory:', { migrations: netMigrations })
  const time = { skippedMs: 0 }
  const clock = { nowMs: () => systemClock.nowMs() + time.skippedMs }
  const book = new PeerBook(database, clock)
  const peers = new Peers({ book, clock, network: 'lan' })
  for (const address of addresses) book.add(address)
  t.teardown(() => {
    peers.close()
    database.close()
  })
  const pull = {
    source: openDigestSource(peers),
    mayAsk: (key: string) => !key.includes('private')
  }
  return { book, peers, pull, time }
}

/** Serves what a machine holds to peers, and returns its address. */
export async function servePeers(
  t: Pick<Test, 'teardown'>,
  { database, catalog, store, reader, log }: PullWorld,
  bytesPerSecond?: number,
  inUse = new InUse(systemClock)
): Promise<{ address: string; stop: () => Promise<void>; records: Map<string, Uint8Array> }> {
  const isPublic = ({ key }: { key: string }) => !key.includes('private')
  const shelf = openShelf({ database, catalog, blocks: store, reader, inUse, log, isPublic })
  const records = new Map<string, Uint8Array>()
  const door = openPeerDoor({
    shelf,
    blocks: store,
    shared: { among: async () => [] },
    pace: openPace(bytesPerSecond, systemClock),
    takeRecord: (name, record) => void records.set(name, record)
  })
  const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    { doors: [door], log: quiet as never }
  )
  const stop = () => server.close(AbortSignal.abort())
  t.teardown(stop)
  return { address: `127.0.0.1:${server.address.port}`, stop, records }
}

/** Puts an item into a machine's catalog as if its upstream had sent it. */
export async function hold(
  t: Pick<Test, 'teardown'>,
  world: PullWorld,
  path: string,
  bytes: Uint8Array
): Promise<Digest> {
  const server = await serve(t, (_, response) => response.end(bytes))
  const wanted = wantedItem({ url: `http://${server.address}/` }, path)
  await bodyOf(await world.pull.fetch(wanted))
  await until(() => world.catalog.get(wanted.key) !== undefined)
  await server.stop()
  return digestOf('sha256', bytes)
}

/** A machine; all that it is goes with the test. */
export function makeMachine(t: Pick<Test, 'teardown'>, peers?: PullPeers): PullWorld {
  const world = openPullWorld(peers === undefined ? {} : { peers })
  t.teardown(() => world.remove())
  return world
}

export interface Served {
  readonly address: string
  readonly asked: string[]
  stop: () => Promise<void>
}

/** Anything that speaks HTTP: upstreams and peers that behave as a test wants. */
export async function serve(
  t: Pick<Test, 'teardown'>,
  answer: (request: IncomingMessage, response: ServerResponse) => void
): Promise<Served> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const stop = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  t.teardown(stop)
  const { port } = server.address() as AddressInfo
  return { address: `127.0.0.1:${port}`, asked, stop }
}
