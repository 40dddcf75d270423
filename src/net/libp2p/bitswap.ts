import type { Libp2p } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { bounds } from '../bounds.ts'
import { BitswapClient } from './ask-bitswap.ts'
import { BegunMessages, bitswapProtocol, readMessages } from './bitswap-streams.ts'
import { BitswapServer, type BlockGiver } from './serve-bitswap.ts'

export interface BitswapOptions {
  readonly node: Libp2p
  readonly giver: BlockGiver
  readonly isBanned: (id: string) => boolean
}

/** Blocks to and from other programs of IPFS, such as Kubo. Cairns ask each other by HTTP, which is faster. */
export interface Bitswap {
  /** The block's bytes, verified; undefined if no connected peer has it. Throws `aborted`. */
  fetch: (cid: CID, signal: AbortSignal) => Promise<Uint8Array | undefined>
  close: () => void
}

/** Speaks bitswap 1.2 on a node, both ways: https://specs.ipfs.tech/bitswap-protocol/ */
export async function startBitswap({ node, giver, isBanned }: BitswapOptions): Promise<Bitswap> {
  const end = new AbortController()
  const server = new BitswapServer(node, giver, end.signal)
  const client = new BitswapClient(node, isBanned, end.signal)
  const begun = new BegunMessages()
  await node.handle(
    bitswapProtocol,
    async (stream, connection) => {
      const { remotePeer } = connection
      try {
        for await (const message of readMessages(stream, connection, begun)) {
          if (isBanned(remotePeer.toString())) break
          client.take(remotePeer, message)
          server.take(remotePeer, message.wants)
        }
      } catch {
        // Damaged or too long, and the stream is ended; or it ended by itself.
      }
    },
    { maxInboundStreams: bounds.bitswapStreams, maxOutboundStreams: bounds.bitswapStreams }
  )
  return { fetch: (cid, signal) => client.fetch(cid, signal), close: () => end.abort() }
}
