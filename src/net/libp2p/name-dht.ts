import type { Libp2p } from '@libp2p/interface'
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht'
import type { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import type { NameSink, NameSource } from '../../base/name-source.ts'
import { bounds } from '../bounds.ts'
import { nameOfRoutingKey, type RecordJudge, routingKey } from './name-records.ts'

/**
 * The client of a DHT, which `openNameDht` is about. `local`: of a network of private addresses, as Kubos of one
 * LAN have among themselves; else the IPFS network's, in which private addresses are not believed.
 * https://specs.ipfs.tech/routing/kad-dht/
 */
export function dhtService(judge: RecordJudge, local: boolean) {
  return kadDHT({
    protocol: local ? '/ipfs/lan/kad/1.0.0' : '/ipfs/kad/1.0.0',
    clientMode: true,
    peerInfoMapper: local ? passthroughMapper : removePrivateAddressesMapper,
    validators: { ipns: async (key, record) => judge.check(nameIn(key), record) },
    selectors: { ipns: (key, records) => best(judge, nameIn(key), records) }
  })
}

/** Names and who has blocks, by a DHT. */
export interface NameDht extends NameSource, NameSink {
  /** Connects with some of those who say that they have a block. True if any is connected. */
  findProviders: (cid: CID, signal: AbortSignal) => Promise<boolean>
  /** Says that a block is to be had here. */
  provide: (cid: CID, signal: AbortSignal) => Promise<void>
}

export function openNameDht({
  contentRouting,
  ...node
}: Pick<Libp2p, 'contentRouting' | 'dial'>): NameDht {
  return {
    label: 'the DHT',
    ask: async (name, signal) => {
      try {
        return [await contentRouting.get(routingKey(name), { signal })]
      } catch (cause) {
        signal.throwIfAborted()
        if ((cause as Error).name === 'NotFoundError') return []
        throw cause
      }
    },
    tell: (name, record, signal) => contentRouting.put(routingKey(name), record, { signal }),
    findProviders: async (cid, signal) => {
      const dials: Array<Promise<boolean>> = []
      const until = AbortSignal.any([signal, AbortSignal.timeout(bounds.providersMs)])
      try {
        for await (const { id } of contentRouting.findProviders(cid, { signal: until })) {
          dials.push(
            node.dial(id, { signal: until }).then(
              () => true,
              () => false
            )
          )
          if (dials.length >= bounds.providers) break
        }
      } catch {
        signal.throwIfAborted()
      }
      return (await Promise.all(dials)).includes(true)
    },
    provide: (cid, signal) => contentRouting.provide(cid, { signal })
  }
}

function nameIn(key: Uint8Array): string {
  const name = nameOfRoutingKey(key)
  if (name === undefined) throw new CairnError('invalid', 'the key of a record is no name')
  return name
}

function best({ compare }: RecordJudge, name: string, records: readonly Uint8Array[]): number {
  return records.reduce((top, record, index) => {
    const held = records[top]
    return held !== undefined && compare(name, held, record) < 0 ? index : top
  }, 0)
}
