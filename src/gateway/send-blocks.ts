import type { IncomingMessage, ServerResponse } from 'node:http'
import { CID } from 'multiformats/cid'
import type { BlockReader } from '../base/blocks.ts'
import { carHeader, encodeHead } from '../base/car.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Shared } from './api.ts'
import { write } from './exchange.ts'
import type { Pace } from './pace.ts'

export interface SendBlocksOptions {
  readonly blocks: BlockReader
  readonly shared: Pick<Shared, 'among'>
  readonly pace: Pace
}

/** A request of a peer, with what is needed to answer it. */
export interface PeerCall {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

/** Small blocks gathered for one call; longer ones go as they are. */
const gatherBytes = 256 * 1024

const headers = {
  'content-type': 'application/vnd.ipld.car; version=1; order=unk; dups=y',
  'cache-control': 'no-store'
}

/** Sends those of the CIDs that are here and shared as a CAR, in their order: docs/peer-protocol.md. */
export async function sendBlocks(
  { blocks, shared, pace }: SendBlocksOptions,
  call: PeerCall,
  cids: readonly CID[]
): Promise<void> {
  const given = await shared.among(cids)
  let gathered: Uint8Array[] = [carHeader]
  let bytes = carHeader.byteLength
  const flush = async (): Promise<void> => {
    const sent = gathered.length === 1 ? gathered[0]! : Buffer.concat(gathered, bytes)
    const count = bytes
    gathered = []
    bytes = 0
    await pace(count, call.signal)
    await write(call, sent)
  }
  call.response.writeHead(200, headers)
  for (const { code, multihash } of given) {
    const block = readHeld(blocks, multihash.bytes)
    if (block === undefined) continue
    const head = encodeHead(code, multihash.bytes, block.byteLength)
    gathered.push(head)
    bytes += head.byteLength
    if (block.byteLength >= gatherBytes) await flush()
    gathered.push(block)
    bytes += block.byteLength
    if (bytes >= gatherBytes) await flush()
  }
  if (bytes > 0) await flush()
  call.response.end()
}

/** What is damaged here is not here for others. */
function readHeld(blocks: BlockReader, multihash: Uint8Array): Uint8Array | undefined {
  try {
    return blocks.read(multihash)
  } catch (cause) {
    const isGone = cause instanceof CairnError && ['missing', 'corrupt'].includes(cause.code)
    if (isGone) return undefined
    throw cause
  }
}

/** Reads a list of binary CIDs to its end. Throws `invalid`, `file-too-large`. */
export async function readCidList(request: AsyncIterable<Uint8Array>): Promise<CID[]> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += piece.byteLength
    if (bytes > limits.blockListBytes) throw tooMany()
    pieces.push(piece)
  }
  const cids: CID[] = []
  for (let rest: Uint8Array = Buffer.concat(pieces); rest.byteLength > 0; ) {
    if (cids.length === limits.blocksTogether) throw tooMany()
    const [cid, after] = decodeFirst(rest)
    cids.push(cid)
    rest = after
  }
  return cids
}

function decodeFirst(bytes: Uint8Array): [CID, Uint8Array] {
  try {
    const [cid, rest] = CID.decodeFirst(bytes)
    return [cid as CID, rest]
  } catch (cause) {
    throw new CairnError('invalid', 'the body is no list of binary CIDs', { cause })
  }
}

function tooMany(): CairnError {
  return new CairnError(
    'file-too-large',
    `at most ${limits.blocksTogether} blocks are sent together`
  )
}
