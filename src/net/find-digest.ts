import type { Digest } from '../base/digest.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { DigestOffer, DigestSource, FindOptions, Peer, PeerAnswer } from './api.ts'
import type { Peers } from './peers.ts'

/** Below it the protocol's paths: docs/peer-protocol.md. */
export const peerPrefix = '/cairn/peer/1/'

/** The digest protocol, as who asks. */
export function openDigestSource(peers: Peers): DigestSource {
  return {
    warm: () => peers.warm(),
    find: (digest, options) => find(peers, digest, options)
  }
}

/** All are asked at once whether they have it; the first who has wins, and the rest are let go. */
async function find(
  peers: Peers,
  digest: Digest,
  { bytes, without, from, signal }: FindOptions
): Promise<DigestOffer | undefined> {
  const asked = peers.askable(without)
  const [only] = asked
  if (only === undefined) return undefined
  if (asked.length === 1 && bytes !== undefined && peers.warm()) {
    return await atOnce({ peers, peer: only, digest, bytes }, from, signal)
  }
  const found = new AbortController()
  const either = AbortSignal.any([signal, found.signal])
  const answers = asked.map(async peer => {
    const length = await lengthAt(peers, peer, digest, either)
    if (length === undefined) throw new CairnError('not-found', `${peer.id} does not have it`)
    if (bytes !== undefined && length !== bytes) {
      peers.blame(peer.id)
      throw new CairnError('mismatch', `${peer.id} has ${length} bytes of ${bytes}`)
    }
    return { peer, length }
  })
  try {
    const { peer, length } = await Promise.any(answers)
    return offerOf(peers, peer, digest, length)
  } catch {
    // Each had its reason, which its standing remembers: the upstream is asked instead.
    signal.throwIfAborted()
    return undefined
  } finally {
    found.abort()
  }
}

/** Of one peer who answers, and a length that is known, nothing is to be asked before the bytes. */
async function atOnce(
  offered: Offered,
  from: number,
  signal: AbortSignal
): Promise<DigestOffer | undefined> {
  const { peers, peer, digest, bytes } = offered
  try {
    let begun: AsyncIterable<Uint8Array> | undefined = await open(offered, from, signal)
    const offer = offerOf(peers, peer, digest, bytes)
    return {
      ...offer,
      open: async (at, until) => {
        const body = begun
        begun = undefined
        return body !== undefined && at === from ? body : await offer.open(at, until)
      }
    }
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

async function lengthAt(
  peers: Peers,
  peer: Peer,
  digest: Digest,
  signal: AbortSignal
): Promise<number | undefined> {
  const answer = await peers.request(peer, pathOf(digest), { method: 'HEAD', signal })
  for await (const _ of answer.body);
  const length = answer.header('content-length')
  if (answer.status !== 200 || length === undefined || !/^\d{1,15}$/.test(length)) return undefined
  return Number(length)
}

function offerOf(peers: Peers, peer: Peer, digest: Digest, bytes: number): DigestOffer {
  return {
    peer: peer.id,
    bytes,
    open: (from, signal) => open({ peers, peer, digest, bytes }, from, signal),
    blame: () => peers.blame(peer.id)
  }
}

interface Offered {
  readonly peers: Peers
  readonly peer: Peer
  readonly digest: Digest
  readonly bytes: number
}

async function open(
  { peers, peer, digest, bytes }: Offered,
  from: number,
  signal: AbortSignal
): Promise<AsyncIterable<Uint8Array>> {
  const headers = from === 0 ? {} : { range: `bytes=${from}-` }
  const answer = await peers.request(peer, pathOf(digest), { method: 'GET', headers, signal })
  const range = `bytes ${from}-${bytes - 1}/${bytes}`
  const right =
    from === 0
      ? answer.status === 200 && isLength(answer.header('content-length'), bytes)
      : answer.status === 206 && answer.header('content-range') === range
  if (right) return exactly({ peers, peer }, answer.body, bytes - from)
  if (answer.status === 200 && from === 0) peers.blame(peer.id)
  if (answer.status === 503) peers.rest(peer.id)
  await letGo(answer)
  throw new CairnError('upstream', `${peer.id} answered ${answer.status}`)
}

/** Just so many bytes: fewer are a broken connection, more a peer that floods. */
async function* exactly(
  { peers, peer }: Pick<Offered, 'peers' | 'peer'>,
  body: AsyncIterable<Uint8Array>,
  bytes: number
): AsyncGenerator<Uint8Array> {
  let left = bytes
  try {
    for await (const piece of body) {
      left -= piece.byteLength
      if (left < 0) {
        peers.blame(peer.id)
        throw new CairnError('mismatch', `${peer.id} sends more than it offered`)
      }
      yield piece
    }
  } catch (cause) {
    peers.failed(peer.id, toCairnError(cause))
    throw cause
  }
  if (left > 0) {
    const short = new CairnError('upstream', `${peer.id} ended ${left} bytes before the end`)
    peers.failed(peer.id, short)
    throw short
  }
  peers.credit(peer.id, bytes)
}

/** A short answer is read, for the connection's sake. */
async function letGo({ status, header, body }: PeerAnswer): Promise<void> {
  if (status < 400 || !(Number(header('content-length')) <= shortBytes)) await body.return?.()
  else for await (const _ of body);
}

const shortBytes = 1024

/** Of what comes in chunks it is seen at the end. */
function isLength(announced: string | undefined, bytes: number): boolean {
  return announced === undefined || announced === String(bytes)
}

function pathOf(digest: Digest): string {
  return `${peerPrefix}digest/${digest}`
}
