import { fstatSync, readSync } from 'node:fs'
import type { Multihash } from '../base/blocks.ts'
import { decodeHead, maxHeadBytes, readVarint } from '../base/car.ts'
import { limits } from '../base/limits.ts'
import { hasMultihash } from './multihashes.ts'

/** What a scan meets, in the order of the file. `start` and `end` are of the whole record, in bytes. */
export type Finding =
  | {
      readonly kind: 'block'
      readonly start: number
      readonly end: number
      /** Where the block's bytes begin. */
      readonly offset: number
      readonly length: number
      readonly multihash: Multihash
    }
  | {
      readonly kind: 'damage'
      readonly start: number
      /** The next sound record, or the end of the file. */
      readonly end: number
      readonly why: string
      /** Whose record it is, where its head could be read. */
      readonly multihash: Multihash | undefined
    }

export type Damage = Extract<Finding, { kind: 'damage' }>

/**
 * Reads the records of an open segment from `from`, which is where one begins, to the file's end,
 * and verifies the hash of each. After damage it goes on at the next record whose hash is right;
 * looking for it is bounded, so a hostile file costs at most a few times its length.
 */
export function* scanSegment(file: number, from: number): IterableIterator<Finding> {
  const window = new Window(file)
  const search = new Search(file)
  let at = from
  while (window.at(at, 1).length > 0) {
    const finding = readRecord(window, at)
    if (typeof finding !== 'string') {
      yield finding
      at = finding.end
      continue
    }
    const end = search.next(at + 1)
    yield { kind: 'damage', start: at, end, why: finding, multihash: undefined }
    at = end
  }
}

/** The record at `at`, sound or with a wrong hash in a sound frame; a text if the frame itself is not to be trusted. */
function readRecord(window: Window, at: number): Finding | string {
  const head = decodeHead(window.at(at, maxHeadBytes))
  if (typeof head === 'string') return head
  const offset = at + head.headBytes
  const end = offset + head.blockBytes
  const multihash = Uint8Array.from(head.multihash)
  const bytes = window.at(offset, head.blockBytes)
  if (bytes.length < head.blockBytes) return 'a record that ends after the file'
  if (isSound(bytes, multihash)) {
    return { kind: 'block', start: at, end, offset, length: head.blockBytes, multihash }
  }
  const framed =
    window.at(end, 1).length === 0 || typeof decodeHead(window.at(end, maxHeadBytes)) !== 'string'
  if (!framed) return 'a record whose length or bytes are wrong'
  return { kind: 'damage', start: at, end, why: 'the bytes do not have their hash', multihash }
}

/** An unknown hash function cannot be verified, so it is not sound: no writer here makes such a record. */
function isSound(bytes: Uint8Array, multihash: Multihash): boolean {
  try {
    return hasMultihash(bytes, multihash)
  } catch {
    return false
  }
}

/** CIDv1 of sha2-256: the version and a one-byte codec come before these two bytes. */
const sha256Mark = Buffer.from([0x12, 0x20])
const searchBytes = 64 * 1024

/** Looks for sound records behind damage; gives up on the file after having hashed some times its greatest length. */
class Search {
  readonly #file: number
  /** Candidates are tried through a window of their own, since that moves the view. */
  readonly #tried: Window
  #patienceBytes = 8 * limits.segmentBytes

  constructor(file: number) {
    this.#file = file
    this.#tried = new Window(file)
  }

  /** The place of the next sound record at or after `from`, or the file's end. */
  next(from: number): number {
    const window = new Window(this.#file)
    for (let at = from; this.#patienceBytes > 0; at += searchBytes - 1) {
      const view = window.at(at, searchBytes)
      if (view.length === 0) break
      const found = this.#within(view, at, from)
      if (found !== undefined) return found
    }
    return fstatSync(this.#file).size
  }

  #within(view: Buffer, at: number, from: number): number | undefined {
    for (
      let mark = view.indexOf(sha256Mark);
      mark !== -1;
      mark = view.indexOf(sha256Mark, mark + 1)
    ) {
      const start = this.#recordAround(at + mark)
      if (start !== undefined && start >= from) return start
      if (this.#patienceBytes <= 0) return undefined
    }
    return undefined
  }

  /** The start of a sound record whose multihash is at `mark`: 1 to 4 bytes of length and a short CID come before it. */
  #recordAround(mark: number): number | undefined {
    const skipped = Math.max(0, mark - 6)
    const before = Uint8Array.from(this.#tried.at(skipped, mark - skipped))
    const lengthEnd = before.length - 2
    if (before[lengthEnd] !== 1) return undefined
    for (let lengthStart = lengthEnd - 1; lengthStart >= 0; lengthStart--) {
      const length = readVarint(before, lengthStart)
      if (length?.end !== lengthEnd) continue
      this.#patienceBytes -= Math.min(length.value, limits.blockBytes)
      const finding = readRecord(this.#tried, skipped + lengthStart)
      if (typeof finding !== 'string' && finding.kind === 'block') return finding.start
    }
    return undefined
  }
}

/** A file seen through one buffer: a view is good until the next is asked for. */
class Window {
  readonly #file: number
  #buffer = Buffer.alloc(0)
  #start = 0
  #length = 0

  constructor(file: number) {
    this.#file = file
  }

  /** Up to `length` bytes at `offset`; fewer only at the end of the file. */
  at(offset: number, length: number): Buffer {
    if (offset < this.#start || offset + length > this.#start + this.#length) {
      this.#fill(offset, Math.max(length, 1024 * 1024))
    }
    const from = offset - this.#start
    return this.#buffer.subarray(from, Math.min(from + length, this.#length))
  }

  #fill(offset: number, length: number): void {
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(length)
    this.#start = offset
    this.#length = 0
    while (this.#length < length) {
      const got = readSync(
        this.#file,
        this.#buffer,
        this.#length,
        length - this.#length,
        offset + this.#length
      )
      if (got === 0) break
      this.#length += got
    }
  }
}
