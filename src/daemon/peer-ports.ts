import { toCairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import { ipfsBootstrap } from '../net/ipfs-bootstrap.ts'
import type { RecordJudge } from '../net/libp2p/name-records.ts'
import type { BlockGiver } from '../net/libp2p/serve-bitswap.ts'
import type { WiderNetwork } from '../net/libp2p/wider-network.ts'
import type { PeerBook } from '../net/peer-book.ts'
import type { Peers } from '../net/peers.ts'
import { peerGuard, streamGuard } from './guard.ts'
import { openHttpServer, serveStreams } from './http-server.ts'
import { type ListenAddress, showAddress } from './listen-address.ts'
import type { Log } from './logger.ts'
import { peerSeed, readSwarmKey } from './peer-identity.ts'
import type { Settings } from './settings.ts'

export interface PeerPortOptions {
  readonly network: 'lan' | 'public'
  readonly book: PeerBook
  readonly peers: Peers
  readonly doors: readonly HttpDoor[]
  readonly giver: BlockGiver
  readonly judge: RecordJudge
  readonly log: Log
}

const connections = {
  connections: limits.peerConnections,
  waiting: limits.peerConnections,
  ofOne: limits.peerConnectionsOfOne,
  together: limits.httpTogether,
  stallMs: limits.httpStallMs
}

/** Serves peers over plain HTTP; returns what ends it. Throws `busy`, `denied`. */
export async function servePlain(
  listen: ListenAddress,
  { network, book, doors, log }: PeerPortOptions
): Promise<() => Promise<void>> {
  const guard = peerGuard(network, book)
  const server = await openHttpServer(listen, { doors, log, guard, connections })
  log.info({ listen: showAddress(server.address) }, 'peers are served')
  return () => server.close(AbortSignal.timeout(limits.drainMs))
}

/** Serves peers over libp2p, and finds them. It is loaded here, and nowhere before. */
export async function serveLibp2p(
  {
    home,
    peersSwarmKey,
    peersBootstrap
  }: Pick<Settings, 'home' | 'peersSwarmKey' | 'peersBootstrap'>,
  listen: ListenAddress,
  { network, book, peers, doors, giver, judge, log }: PeerPortOptions
): Promise<{ wider: WiderNetwork; close: () => Promise<void> }> {
  const { startNode } = await import('../net/libp2p/start-node.ts')
  const swarmKey = peersSwarmKey === undefined ? undefined : await readSwarmKey(home, peersSwarmKey)
  const streams = serveStreams({ doors, log, guard: streamGuard(book), connections })
  const node = await startNode({
    seed: peerSeed(home),
    listen,
    network,
    swarmKey,
    giver,
    judge,
    bootstrap: network === 'public' ? bootstrapOf(peersBootstrap, swarmKey) : [],
    isBanned: id => book.banOf(id) !== undefined,
    onConnection: stream => streams.take(stream),
    onPeer: peer => peers.discover(peer)
  }).catch(cause => {
    throw toCairnError(cause, `libp2p cannot listen on ${showAddress(listen)}`)
  })
  peers.useLibp2p(address => node.peerAt(address))
  log.info({ peer: node.id, listen: node.addresses() }, 'peers are found and served by libp2p')
  const close = async () => {
    streams.close()
    await node.close()
  }
  return { wider: node.wider, close }
}

/** The IPFS network is not for who has a swarm key: its peers do not have it. */
function bootstrapOf(
  chosen: readonly string[] | undefined,
  swarmKey: Uint8Array | undefined
): readonly string[] {
  return chosen ?? (swarmKey === undefined ? ipfsBootstrap : [])
}
