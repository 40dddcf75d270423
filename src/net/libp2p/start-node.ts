import type { Duplex } from 'node:stream'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { toCairnError } from '../../base/errors.ts'
import type { Peer } from '../api.ts'
import { bounds } from '../bounds.ts'
import { openHttpPeer } from '../http-peer.ts'
import { bulkProtocol, encodeOffer } from './bulk-offer.ts'
import { BulkPort } from './bulk-port.ts'
import { gaterOf, isOutside } from './connection-gater.ts'
import { bulkDialer } from './dial-bulk.ts'
import { privateNetwork } from './private-network.ts'
import { sharedTcp } from './shared-listener.ts'
import { toDuplex } from './stream-duplex.ts'
import {
  openWiderNetwork,
  type WiderNetwork,
  type WiderOptions,
  widerServices
} from './wider-network.ts'

/** HTTP/1.1 on a stream: docs/peer-protocol.md. */
const protocol = '/cairn/http/1'

/** What Cairns find each other by; no other program of libp2p listens to it. */
const serviceTag = '_cairn._udp.local'

export interface NodeOptions extends WiderOptions {
  /** 32 bytes that make the Ed25519 key: the peer's identity. */
  readonly seed: Uint8Array
  readonly listen: { readonly host: string; readonly port: number }
  readonly network: 'lan' | 'public'
  /** 32 bytes: only who has them too is spoken with. */
  readonly swarmKey?: Uint8Array | undefined
  /** Serves HTTP to who came. */
  readonly onConnection: (stream: Duplex) => void
  readonly onPeer: (peer: Peer & { close: () => void }) => void
}

export interface Libp2pNode {
  readonly id: string
  /** Where it listens, as multiaddrs. */
  addresses: () => string[]
  /** A peer by its multiaddr, which ends with its ID; dialled when it is asked. */
  peerAt: (address: string) => Peer & { close: () => void }
  readonly wider: WiderNetwork
  close: () => Promise<void>
}

/**
 * libp2p with TCP, noise, yamux, identify and mDNS; no relay and no port mapping. Nothing leaves the LAN unless
 * the network is public. This module is loaded only where it is wanted: it takes half a second.
 */
export async function startNode(options: NodeOptions): Promise<Libp2pNode> {
  const { seed, listen, swarmKey, onConnection, onPeer } = options
  const family = listen.host.includes(':') ? 'ip6' : 'ip4'
  const bulk = new BulkPort({
    mayCome: address => !isOutside(options, address),
    isBanned: options.isBanned,
    onConnection
  })
  let made: Libp2p | undefined
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [`/${family}/${listen.host}/tcp/${listen.port}`] },
    transports: [sharedTcp(tcp(), bulk.sort)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    peerDiscovery: [mdns({ serviceTag, interval: bounds.announceMs })],
    connectionGater: gaterOf(options, () => made?.getConnections() ?? []),
    ...(swarmKey === undefined ? {} : { connectionProtector: privateNetwork(swarmKey) }),
    connectionManager: { maxConnections: bounds.nodeConnections },
    services: { identify: identify(), ...widerServices(options) }
  })
  made = node
  const onStream = (stream: Stream, { remotePeer }: Connection) =>
    onConnection(toDuplex(stream, remotePeer.toString()))
  await node.handle(protocol, onStream, { maxInboundStreams: bounds.connections * 4 })
  await offerBulk(node, bulk)
  const wider = await openWiderNetwork(node, options)
  for (const address of options.bootstrap) keepConnected(node, multiaddr(address))
  node.addEventListener('peer:discovery', ({ detail: { id } }) => {
    if (id.equals(node.peerId)) return
    onPeer(peerOf(node, id.toString(), id))
  })
  return {
    id: node.peerId.toString(),
    addresses: () => node.getMultiaddrs().map(String),
    peerAt: address => {
      const at = multiaddr(address)
      const id = address.slice(address.lastIndexOf('/') + 1)
      keepConnected(node, at)
      return peerOf(node, id, at)
    },
    wider,
    close: async () => {
      wider.close()
      bulk.close()
      await node.stop()
    }
  }
}

/** Others than Cairns are asked for nothing unless a connection is there: it is opened, and again when it is lost. */
function keepConnected(node: Libp2p, address: Multiaddr): void {
  const tags = { 'keep-alive-added': {} }
  node
    .dial(address, dialing())
    .then(({ remotePeer }) => node.peerStore.merge(remotePeer, { tags }))
    .catch(() => {})
}

function dialing() {
  return { signal: AbortSignal.timeout(bounds.headMs), maxOutboundStreams: bounds.connections * 4 }
}

function peerOf(node: Libp2p, id: string, at: PeerId | Multiaddr): ReturnType<typeof openHttpPeer> {
  return openHttpPeer(id, 'libp2p', {
    host: 'peer.invalid',
    port: 80,
    connect: async () => toDuplex(await node.dialProtocol(at, protocol, dialing())),
    connectBulk: bulkDialer(async () => await node.dial(at, dialing()))
  })
}

/** Tells who asks over its authenticated connection how to come for long bodies. */
async function offerBulk(node: Libp2p, bulk: BulkPort): Promise<void> {
  const onStream = async (stream: Stream, { remotePeer }: Connection) => {
    const port = /\/tcp\/(\d+)/.exec(`${node.getMultiaddrs()[0]}`)?.[1]
    const offer = port === undefined ? undefined : bulk.offer(remotePeer.toString())
    try {
      if (offer !== undefined) stream.send(encodeOffer({ port: Number(port), ...offer }))
      await stream.close({ signal: AbortSignal.timeout(bounds.headMs) })
    } catch (cause) {
      // Who asked is gone.
      stream.abort(toCairnError(cause))
    }
  }
  await node.handle(bulkProtocol, onStream, { maxInboundStreams: bounds.connections * 4 })
}
