import type { CID } from 'multiformats/cid'
import { carHeader, maxHeadBytes } from '../base/car.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockLane, SentBlock } from '../base/name-source.ts'
import type { Peer } from './api.ts'
import { peerPrefix } from './find-digest.ts'
import type { Peers } from './peers.ts'
import { PieceReader } from './piece-reader.ts'

/** Peers that send many blocks an answer: docs/peer-protocol.md. */
export function blockLanes(peers: Peers): BlockLane[] {
  return peers.askable().map(peer => ({
    label: peer.id,
    send: (cids, signal) => sentBlocks({ peers, peer }, cids, signal),
    blame: () => peers.blame(peer.id)
  }))
}

interface Asked {
  readonly peers: Peers
  readonly peer: Peer
}

async function* sentBlocks(
  asked: Asked,
  cids: readonly CID[],
  signal: AbortSignal
): AsyncGenerator<SentBlock> {
  const { peers, peer } = asked
  const body = Buffer.concat(cids.map(({ bytes }) => bytes))
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(body.byteLength)
  }
  const path = `${peerPrefix}blocks`
  const bulk = cids.length > 1 ? 'long' : 'short'
  const options = { method: 'POST', headers, body, bulk, signal } as const
  const answer = await peers.request(peer, path, options)
  const reader = new PieceReader(answer.body)
  try {
    if (answer.status !== 200) throw refusal(asked, answer.status)
    for await (const block of readCar(reader, cids)) {
      yield block
      peers.credit(peer.id, block.bytes.byteLength)
    }
  } catch (cause) {
    throw judged(asked, toCairnError(cause))
  } finally {
    await reader.leave()
  }
}

function refusal({ peers, peer }: Asked, status: number): CairnError {
  if (status === 503) peers.rest(peer.id)
  return new CairnError('unsupported', `${peer.id} answered ${status}`)
}

/** What was wrong is the peer's fault; what broke off may be anybody's. */
function judged({ peers, peer }: Asked, error: CairnError): CairnError {
  if (error.code === 'mismatch') peers.blame(peer.id)
  else if (error.code === 'upstream' || error.code === 'timeout') peers.failed(peer.id, error)
  return new CairnError(error.code, `${peer.id}: ${error.message}`, { cause: error })
}

/** The records of a CAR, each the next of the CIDs or one after it. */
async function* readCar(reader: PieceReader, cids: readonly CID[]): AsyncGenerator<SentBlock> {
  const header = await reader.take(carHeader.byteLength)
  if (header.byteLength < carHeader.byteLength) throw brokeOff()
  if (Buffer.compare(header, carHeader) !== 0) throw wrong('sends no CAR of this protocol')
  let next = 0
  for (;;) {
    const length = await reader.varint()
    if (length === undefined) return
    if (!(length <= limits.blockBytes + maxHeadBytes)) throw wrong('sends a block that is too long')
    const record = await reader.take(length)
    if (record.byteLength < length) throw brokeOff()
    while (next < cids.length && !isOf(record, cids[next]!)) next++
    const cid = cids[next++]
    if (cid === undefined) throw wrong('sends a block that was not asked for')
    const bytes = record.subarray(idBytes(cid))
    if (bytes.byteLength > limits.blockBytes) throw wrong('sends a block that is too long')
    yield { cid, bytes }
  }
}

/** Whether a record is of a CID, written as one of version 1. */
function isOf(record: Uint8Array, { code, multihash }: CID): boolean {
  if (record[0] !== 1 || record[1] !== code) return false
  return Buffer.compare(record.subarray(2, 2 + multihash.bytes.byteLength), multihash.bytes) === 0
}

/** Version and codec are a byte each: of other codecs nothing is asked for. */
function idBytes({ multihash }: CID): number {
  return 2 + multihash.bytes.byteLength
}

function brokeOff(): CairnError {
  return new CairnError('upstream', 'the answer ended in the middle of a block')
}

function wrong(what: string): CairnError {
  return new CairnError('mismatch', what)
}
