import type { Libp2p } from '@libp2p/interface'
import { ping } from '@libp2p/ping'
import type { CID } from 'multiformats/cid'
import type { BlockSource, NameSink, NameSource } from '../../base/name-source.ts'
import { isLanAddress } from '../lan-address.ts'
import { hostOf } from '../peer-book.ts'
import { type BitswapOptions, startBitswap } from './bitswap.ts'
import { dhtService, type NameDht, openNameDht } from './name-dht.ts'
import type { RecordJudge } from './name-records.ts'
import { openNameTopics, topicService } from './name-topics.ts'

export interface WiderOptions extends Pick<BitswapOptions, 'giver' | 'isBanned'> {
  readonly judge: RecordJudge
  /** Multiaddrs of peers to begin with; none: no DHT is spoken. */
  readonly bootstrap: readonly string[]
}

/** Other programs of IPFS: blocks by bitswap, names by pubsub and, with somebody to begin with, the DHT. */
export interface WiderNetwork extends NameSource, NameSink, BlockSource {
  close: () => void
}

/** The services of libp2p that it takes. */
export function widerServices({ judge, bootstrap }: WiderOptions): {
  pubsub: ReturnType<typeof topicService>
} {
  const pubsub = topicService()
  if (bootstrap.length === 0) return { pubsub }
  const isLocal = bootstrap.every(address => isLanAddress(hostOf(address)))
  const services = { pubsub, ping: ping(), dht: dhtService(judge, isLocal) }
  return services
}

/** On a node that has `widerServices`. */
export async function openWiderNetwork(
  node: Libp2p<{ pubsub: ReturnType<ReturnType<typeof topicService>> }>,
  { giver, isBanned, judge, bootstrap }: WiderOptions
): Promise<WiderNetwork> {
  const bitswap = await startBitswap({ node, giver, isBanned })
  const topics = await openNameTopics(node, node.services.pubsub, judge)
  const dht = bootstrap.length === 0 ? undefined : openNameDht(node)
  return {
    label: dht === undefined ? 'connected peers' : 'the IPFS network',
    ask: async (name, signal, options) => {
      const asked = [topics, ...(dht === undefined ? [] : [dht])].map(each =>
        each.ask(name, signal, options)
      )
      const answers = await Promise.allSettled(asked)
      signal.throwIfAborted()
      return answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
    },
    tell: async (name, record, signal) => {
      const content = judge.contentOf(name, record)
      await Promise.all([
        topics.tell(name, record, signal),
        dht?.tell(name, record, signal),
        content === undefined ? undefined : dht?.provide(content, signal)
      ])
    },
    fetch: async (cid, signal) =>
      (await bitswap.fetch(cid, signal)) ?? (await fromProviders(dht, bitswap, cid, signal)),
    close: bitswap.close
  }
}

async function fromProviders(
  dht: NameDht | undefined,
  bitswap: Pick<BlockSource, 'fetch'>,
  cid: CID,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  const isFound = await dht?.findProviders(cid, signal)
  return isFound === true ? await bitswap.fetch(cid, signal) : undefined
}
