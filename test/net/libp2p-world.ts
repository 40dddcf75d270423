import { randomBytes } from 'node:crypto'
import type { Duplex } from 'node:stream'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { Test } from 'tap'
import type { HttpDoor } from '../../src/base/http.ts'
import { streamGuard } from '../../src/daemon/guard.ts'
import { serveStreams } from '../../src/daemon/http-server.ts'
import type { Peer } from '../../src/net/api.ts'
import { startNode } from '../../src/net/libp2p/start-node.ts'
import { makePeers } from './peer-world.ts'

const noRecords = {
  check: () => {},
  compare: () => 0,
  contentOf: () => undefined,
  held: () => undefined,
  onRecord: () => {}
}

export interface NodeSetting {
  readonly host?: string
  readonly banned?: Set<string>
  /** Sees each connection that HTTP is served on. */
  readonly onConnection?: (stream: Duplex) => void
  readonly swarmKey?: Uint8Array | undefined
  readonly doors?: readonly HttpDoor[]
  /** Others of the LAN are found by themselves, and asked; by default. */
  readonly finds?: boolean
}

/** A node of the LAN with who serves its peers and whom it may ask; gone with the test. */
export async function makeNode(
  t: Pick<Test, 'teardown'>,
  {
    host = '127.0.0.1',
    banned = new Set(),
    doors = [],
    swarmKey,
    onConnection = () => {},
    finds = true
  }: NodeSetting
) {
  const quiet = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const asking = makePeers(t)
  const guard = streamGuard(asking.book)
  const streams = serveStreams({ doors, log: quiet as never, guard })
  const found: Peer[] = []
  const node = await startNode({
    seed: randomBytes(32),
    listen: { host, port: 0 },
    network: 'lan',
    swarmKey,
    giver: { among: async () => [], read: async () => undefined },
    judge: noRecords,
    bootstrap: [],
    isBanned: id => banned.has(id) || asking.book.banOf(id) !== undefined,
    onConnection: stream => {
      onConnection(stream)
      streams.take(stream)
    },
    onPeer: peer => {
      found.push(peer)
      if (finds) asking.peers.discover(peer)
      else peer.close()
    }
  })
  asking.peers.useLibp2p(address => node.peerAt(address))
  t.teardown(async () => {
    streams.close()
    await node.close()
  })
  return { ...node, ...asking, found }
}

/** A node that knows nothing of Cairn's protocols; gone with the test. */
export async function makeStockNode(t: Pick<Test, 'teardown'>): Promise<Libp2p> {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()]
  })
  t.teardown(() => node.stop())
  return node
}
