import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
import { decode as decodeCbor } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { makeCid } from '../base/blocks.ts'
import { decodeHead, maxHeadBytes, readVarint } from '../base/car.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'

export interface CarBlock {
  readonly cid: CID
  /** Valid until the next block is asked for. */
  readonly bytes: Uint8Array
  /** Where its record begins, for messages. */
  readonly position: number
}

/** The largest header: a list of a hundred thousand roots. */
const headerBytes = 4 * 1024 * 1024
const windowBytes = limits.blockBytes + maxHeadBytes

/** The roots that a CAR's header names. Throws as `readCar`, and `unsupported` for one that names none. */
export function readCarRoots(path: string): CID[] {
  const window = new Window(path)
  try {
    const { roots } = readHeader(window, path)
    const cids = Array.isArray(roots) ? roots.map(root => CID.asCID(root)) : []
    const found = cids.flatMap(cid => cid ?? [])
    if (found.length > 0 && found.length === cids.length) return found
    throw new CairnError('unsupported', `${path} names no roots: what it holds cannot be known`)
  } finally {
    window.close()
  }
}

/**
 * The blocks of a CAR of version 1, unverified. Throws `corrupt`, naming the file and the byte; at its end
 * also if the whole has another digest than is given.
 */
export function* readCar(path: string, sha256: string | undefined): Generator<CarBlock> {
  const hash = createHash('sha256')
  const window = new Window(path)
  try {
    let at = readHeader(window, path).end
    hash.update(window.at(0, at))
    for (;;) {
      const head = window.at(at, maxHeadBytes)
      if (head.byteLength === 0) break
      const record = decodeHead(head)
      if (typeof record === 'string') throw damaged(path, at, record)
      hash.update(head.subarray(0, record.headBytes))
      const offset = at + record.headBytes
      const multihash = Uint8Array.from(record.multihash)
      const bytes = window.at(offset, record.blockBytes)
      const cid = makeCid(record.code, multihash)
      if (bytes.byteLength < record.blockBytes) {
        throw damaged(path, at, `the file ends within block ${cid}`)
      }
      hash.update(bytes.subarray(0, record.blockBytes))
      yield { cid, bytes: bytes.subarray(0, record.blockBytes), position: at }
      at = offset + record.blockBytes
    }
    if (sha256 === undefined || hash.digest('hex') === sha256) return
    throw new CairnError('corrupt', `${path} is not what the index says: copy it again`)
  } finally {
    window.close()
  }
}

function readHeader(window: Window, path: string): { end: number; roots: unknown } {
  const length = readVarint(window.at(0, maxHeadBytes), 0)
  if (length === undefined || length.value > headerBytes) throw damaged(path, 0, 'no header')
  const bytes = window.at(length.end, length.value)
  let header: { version?: unknown; roots?: unknown } | null
  try {
    header = decodeCbor(bytes.subarray(0, length.value))
  } catch {
    throw damaged(path, 0, 'no header')
  }
  if (header?.version !== 1) {
    throw damaged(path, 0, 'its header is not of a CAR of version 1')
  }
  return { end: length.end + length.value, roots: header.roots }
}

function damaged(path: string, position: number, why: string): CairnError {
  return new CairnError('corrupt', `${path} is damaged at byte ${position}: ${why}; copy it again`)
}

/** A piece of the file in memory: asked for in order, each byte is read about once. */
class Window {
  readonly #file: number
  readonly #path: string
  readonly #buffer = Buffer.allocUnsafe(windowBytes * 2)
  #start = 0
  #length = 0

  constructor(path: string) {
    this.#path = path
    try {
      this.#file = openSync(path, 'r')
    } catch (cause) {
      throw toCairnError(cause, `cannot read ${path}`)
    }
  }

  /** From a position on, `count` bytes or as many as there are. */
  at(position: number, count: number): Uint8Array {
    const end = this.#start + this.#length
    if (position < this.#start || position + count > end) this.#fill(position)
    const from = position - this.#start
    return this.#buffer.subarray(from, Math.min(from + count, this.#length))
  }

  #fill(position: number): void {
    this.#start = position
    this.#length = 0
    try {
      while (this.#length < this.#buffer.byteLength) {
        const room = this.#buffer.byteLength - this.#length
        const read = readSync(this.#file, this.#buffer, this.#length, room, position + this.#length)
        if (read === 0) return
        this.#length += read
      }
    } catch (cause) {
      throw toCairnError(cause, `cannot read ${this.#path}`)
    }
  }

  close(): void {
    closeSync(this.#file)
  }
}
