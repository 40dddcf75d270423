import { setTimeout as wait } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { sha256Multihash } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockSource, NameSink, NameSource } from '../base/name-source.ts'
import type { Peer, PeerAnswer } from './api.ts'
import { blockLanes } from './block-lanes.ts'
import { bounds } from './bounds.ts'
import { peerPrefix } from './find-digest.ts'
import type { Peers } from './peers.ts'

/** Blocks and records of names from peers, by their trustless gateways; records to them, so that who follows hears at once. */
export function openContentSource(peers: Peers): NameSource & BlockSource & NameSink {
  return {
    label: 'peers',
    fetch: (cid, signal) => fetchBlock(peers, cid, signal),
    lanes: () => blockLanes(peers),
    recovers: () => peers.rests(),
    ask: (name, signal) => askRecords(peers, name, signal),
    tell: (name, record, signal) => tellRecord(peers, name, record, signal)
  }
}

/** The best peer first, another when that has not answered after a while; the first who has it wins. */
async function fetchBlock(
  peers: Peers,
  cid: CID,
  signal: AbortSignal
): Promise<Uint8Array | undefined> {
  const asked = peers.askable()
  const found = new AbortController()
  const either = AbortSignal.any([signal, found.signal])
  let earlier: Promise<unknown> = Promise.resolve()
  const answers = asked.map(async (peer, index) => {
    const before = earlier
    const mine = Promise.withResolvers<void>()
    earlier = mine.promise
    if (index > 0) {
      await Promise.race([before, wait(bounds.hedgeMs * index, undefined, { signal: either })])
    }
    try {
      return await blockAt(peers, peer, cid, either)
    } finally {
      mine.resolve()
    }
  })
  try {
    return await Promise.any(answers)
  } catch (cause) {
    signal.throwIfAborted()
    const errors = (cause as AggregateError).errors.map(each => toCairnError(each))
    const failed = errors.filter(({ code }) => code !== 'not-found')
    if (failed.length === 0) return undefined
    throw new CairnError('upstream', failed.map(({ message }) => message).join('; '))
  } finally {
    found.abort()
  }
}

async function blockAt(
  peers: Peers,
  peer: Peer,
  cid: CID,
  signal: AbortSignal
): Promise<Uint8Array> {
  const answer = await peers.request(peer, `/ipfs/${cid}?format=raw`, { method: 'GET', signal })
  const bytes = await bodyOf(peers, peer, answer, limits.blockBytes)
  if (answer.status === 200) return verified(peers, peer, cid, bytes)
  const code = answer.status === 404 ? 'not-found' : 'upstream'
  throw new CairnError(code, `${peer.id} answered ${answer.status}`)
}

/** Who stores it looks again; here it is seen whose fault it was. */
function verified(peers: Peers, peer: Peer, cid: CID, bytes: Uint8Array): Uint8Array {
  const { code, bytes: multihash } = cid.multihash
  if (code !== 0x12 || Buffer.compare(sha256Multihash(bytes), multihash) === 0) {
    peers.credit(peer.id, bytes.byteLength)
    return bytes
  }
  peers.blame(peer.id)
  throw new CairnError('mismatch', `${peer.id} sent other bytes than ${cid}`)
}

async function askRecords(peers: Peers, name: string, signal: AbortSignal): Promise<Uint8Array[]> {
  const path = `/ipns/${encodeURIComponent(name)}?format=ipns-record`
  const answers = await Promise.allSettled(
    peers.askable().map(async peer => {
      const answer = await peers.request(peer, path, { method: 'GET', signal })
      const bytes = await bodyOf(peers, peer, answer, limits.recordBytes)
      return answer.status === 200 ? [bytes] : []
    })
  )
  signal.throwIfAborted()
  return answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []))
}

/** Who is not there is told when he asks. */
async function tellRecord(
  peers: Peers,
  name: string,
  record: Uint8Array,
  signal: AbortSignal
): Promise<void> {
  const path = `${peerPrefix}record/${encodeURIComponent(name)}`
  const headers = { 'content-length': String(record.byteLength) }
  const waiting = peers.askable(new Set(), Number.POSITIVE_INFINITY).values()
  const tell = async (peer: Peer) => {
    const answer = await peers.request(peer, path, { method: 'PUT', headers, body: record, signal })
    for await (const _ of answer.body);
  }
  const tellOn = async () => {
    for (const peer of waiting) await tell(peer).catch(() => {})
  }
  await Promise.all(Array.from({ length: bounds.askedTogether }, tellOn))
}

async function bodyOf(
  peers: Peers,
  peer: Peer,
  { body }: PeerAnswer,
  mostBytes: number
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const piece of body) {
      bytes += piece.byteLength
      if (bytes > mostBytes) {
        peers.blame(peer.id)
        throw new CairnError('file-too-large', `${peer.id} sends more than ${mostBytes} bytes`)
      }
      pieces.push(piece)
    }
  } catch (cause) {
    peers.failed(peer.id, toCairnError(cause))
    throw cause
  }
  return Buffer.concat(pieces)
}
