import type { IncomingMessage, ServerResponse } from 'node:http'
import { CID } from 'multiformats/cid'
import type { BlockReader, Multihash } from '../base/blocks.ts'
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

/**
 * What is read and sent at a time, in memory that is used again: it stays in the processor's cache. TLS of Node copies
 * it once more into memory of its own, which is given back to the system each time where it is longer.
 */
const bufferBytes = 64 * 1024

const headers = {
  'content-type': 'application/vnd.ipld.car; version=1; order=unk; dups=y',
  'cache-control': 'no-store'
}

/** Sends those of the CIDs that are here and shared as a CAR, in their order: docs/peer-protocol.md. */
export async function sendBlocks(
  options: SendBlocksOptions,
  call: PeerCall,
  cids: readonly CID[]
): Promise<void> {
  const given = await options.shared.among(cids)
  call.response.writeHead(200, headers)
  const car = new CarSender(options, call)
  for (const { code, multihash } of given) await car.send(code, multihash.bytes)
  await car.flush()
  call.response.end()
}

class CarSender {
  readonly #options: SendBlocksOptions
  readonly #call: PeerCall
  readonly #buffer = Buffer.allocUnsafeSlow(bufferBytes)
  #filled: number

  constructor(options: SendBlocksOptions, call: PeerCall) {
    this.#options = options
    this.#call = call
    this.#buffer.set(carHeader)
    this.#filled = carHeader.byteLength
  }

  /** What is damaged here is not here for others. Half a block breaks the answer off. */
  async send(code: number, multihash: Multihash): Promise<void> {
    const size = this.#options.blocks.size(multihash)
    if (size === undefined) return
    const head = encodeHead(code, multihash, size)
    if (this.#filled + head.byteLength + Math.min(size, 1) > bufferBytes) await this.flush()
    const before = this.#filled
    this.#buffer.set(head, before)
    this.#filled += head.byteLength
    for (let offset = 0; offset < size; ) {
      if (this.#filled === bufferBytes) await this.flush()
      const count = this.#tryRead(multihash, offset, size)
      if (count > 0) {
        offset += count
        this.#filled += count
      } else if (offset === 0) {
        this.#filled = before
        return
      } else throw new CairnError('io', 'a block ended while it was sent')
    }
  }

  /** Bytes read behind what is filled; 0 if there are none any more. */
  #tryRead(multihash: Multihash, offset: number, size: number): number {
    const end = Math.min(bufferBytes, this.#filled + size - offset)
    try {
      const target = this.#buffer.subarray(this.#filled, end)
      return this.#options.blocks.readInto(multihash, offset, target)
    } catch (cause) {
      const isGone = cause instanceof CairnError && ['missing', 'corrupt'].includes(cause.code)
      if (isGone) return 0
      throw cause
    }
  }

  /** Resolves when the buffer is free again. */
  async flush(): Promise<void> {
    if (this.#filled === 0) return
    await this.#options.pace(this.#filled, this.#call.signal)
    await write(this.#call, this.#buffer.subarray(0, this.#filled))
    this.#filled = 0
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
