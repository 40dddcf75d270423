import { type GossipSub, gossipsub, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Libp2p } from '@libp2p/interface'
import { limits } from '../../base/limits.ts'
import type { AskOptions, NameSink, NameSource } from '../../base/name-source.ts'
import { bounds } from '../bounds.ts'
import { fetchRecord, serveRecords } from './fetch-records.ts'
import { type RecordJudge, topicOf } from './name-records.ts'

/** The service of libp2p that `openNameTopics` is about; what it takes in is bounded. */
export function topicService() {
  return gossipsub({
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    maxInboundDataLength: limits.recordBytes * 64,
    maxTopicBytesPerPeer: 256 * bounds.topics,
    doPX: false
  })
}

/**
 * Names by pubsub, as Kubo does it: each has a topic, which is joined when the name is asked for and left when
 * it was not for long; a record that is told there comes to all who joined, and no further if it is wrong.
 * https://specs.ipfs.tech/ipns/ipns-pubsub-router/
 */
export async function openNameTopics(
  node: Libp2p,
  pubsub: GossipSub,
  judge: RecordJudge
): Promise<NameSource & NameSink> {
  const topics = new NameTopics(node, pubsub, judge)
  await serveRecords(node, judge.held)
  pubsub.addEventListener('message', ({ detail: { topic, data } }) => topics.heard(topic, data))
  return {
    label: 'pubsub',
    ask: (name, signal) => topics.ask(name, signal),
    tell: (name, record) => topics.tell(name, record)
  }
}

class NameTopics {
  readonly #node: Libp2p
  readonly #pubsub: GossipSub
  readonly #judge: RecordJudge
  /** Joined topics, the one used last at the end. */
  readonly #names = new Map<string, string>()

  constructor(node: Libp2p, pubsub: GossipSub, judge: RecordJudge) {
    this.#node = node
    this.#pubsub = pubsub
    this.#judge = judge
  }

  async ask(name: string, signal: AbortSignal, { once = false }: AskOptions = {}) {
    const topic = once ? topicOf(name) : this.#join(name)
    const peers = this.#pubsub.getSubscribers(topic).slice(0, bounds.askedTogether)
    const answers = await Promise.allSettled(
      peers.map(peer => fetchRecord(this.#node, peer, name, signal))
    )
    return answers.flatMap(answer =>
      answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : []
    )
  }

  async tell(name: string, record: Uint8Array): Promise<void> {
    await this.#pubsub.publish(this.#join(name), record)
  }

  heard(topic: string, record: Uint8Array): void {
    const name = this.#names.get(topic)
    if (name !== undefined) this.#judge.onRecord(name, record)
  }

  #join(name: string): string {
    const topic = topicOf(name)
    if (this.#names.delete(topic)) {
      this.#names.set(topic, name)
      return topic
    }
    const [longest] = this.#names.keys()
    if (this.#names.size >= bounds.topics && longest !== undefined) this.#leave(longest)
    this.#names.set(topic, name)
    this.#pubsub.topicValidators.set(topic, (_, { data }) => this.#judged(name, data))
    this.#pubsub.subscribe(topic)
    return topic
  }

  #leave(topic: string): void {
    this.#names.delete(topic)
    this.#pubsub.unsubscribe(topic)
    this.#pubsub.topicValidators.delete(topic)
  }

  #judged(name: string, record: Uint8Array): TopicValidatorResult {
    try {
      this.#judge.check(name, record)
      return TopicValidatorResult.Accept
    } catch {
      return TopicValidatorResult.Reject
    }
  }
}
