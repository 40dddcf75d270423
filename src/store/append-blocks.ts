import { closeSync, fdatasyncSync, ftruncateSync, writevSync } from 'node:fs'
import { type Multihash, multihashKey } from '../base/blocks.ts'
import { carHeader, encodeHead, maxHeadBytes } from '../base/car.ts'
import { type CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { LocatedBlock } from './block-index.ts'
import { claimSegment, type OwnedSegment, type Place } from './claim-segment.ts'
import { segmentName } from './segment-files.ts'

/**
 * The writing end of a store: one segment, owned while there is something to write. Blocks go
 * gathered → written → indexed; the index names only what is written, and with `durable` only what is
 * on disk. Whatever fails (a full disk above all) leaves every block at the stage it had reached, so the
 * next flush goes on from there.
 */
export class BlockAppender {
  readonly #place: Place
  #segment: OwnedSegment | undefined
  /** The end of what is written to the segment, and of what of it is on disk. */
  #written = 0
  #synced = 0
  #gathered: Buffer | undefined
  #gatheredBytes = 0
  #syncFailure: CairnError | undefined
  /** In no transaction yet. */
  #unindexed: LocatedBlock[] = []
  /** In no committed transaction yet. */
  readonly #pending = new Map<string, LocatedBlock>()

  constructor(place: Place) {
    this.#place = place
  }

  /** A block that was appended and is in no index row yet. */
  pending(multihash: Multihash): LocatedBlock | undefined {
    return this.#pending.size === 0 ? undefined : this.#pending.get(multihashKey(multihash))
  }

  append(code: number, multihash: Multihash, bytes: Uint8Array): void {
    const head = encodeHead(code, multihash, bytes.length)
    const recordBytes = head.length + bytes.length
    const segment = this.#claim()
    const direct = bytes.length >= limits.writeDirectBytes
    if (!direct && this.#gatheredBytes + recordBytes > limits.writeBatchBytes) this.writeGathered()
    const offset = this.#written + this.#gatheredBytes + head.length
    if (direct) this.#write(head, bytes)
    else this.#gather(head, bytes)
    const block = { multihash, segment: segment.id, offset, length: bytes.length }
    this.#unindexed.push(block)
    this.#pending.set(multihashKey(multihash), block)
  }

  /** Blocks that a transaction should take before there are more. */
  get isBatchFull(): boolean {
    return this.#unindexed.length >= limits.writeBatchBlocks
  }

  #claim(): OwnedSegment {
    if (this.#segment === undefined) {
      this.#segment = claimSegment(this.#place)
      this.#written = this.#segment.bytes
      this.#synced = this.#segment.synced
    }
    return this.#segment
  }

  #gather(head: Uint8Array, bytes: Uint8Array): void {
    this.#gathered ??= Buffer.allocUnsafeSlow(limits.writeBatchBytes)
    this.#gathered.set(head, this.#gatheredBytes)
    this.#gathered.set(bytes, this.#gatheredBytes + head.length)
    this.#gatheredBytes += head.length + bytes.length
  }

  /** Writes what was gathered, so that it can be read from the segment. */
  writeGathered(): void {
    if (this.#gatheredBytes > 0) this.#write()
  }

  /**
   * All of it or nothing: a short write is gone on with until the system says what is wrong, and
   * then cut off. Were even the cut to fail, the next write would go to the same place.
   */
  #write(...more: Uint8Array[]): void {
    const segment = this.#segment!
    const gathered = this.#gathered?.subarray(0, this.#gatheredBytes)
    let rest = (gathered ? [gathered, ...more] : more).filter(({ length }) => length > 0)
    let at = this.#written
    this.#place.reserve?.spend(rest.reduce((sum, { length }) => sum + length, 0))
    try {
      while (rest.length > 0) {
        const count = writevSync(segment.file, rest, at)
        at += count
        rest = dropBytes(rest, count)
      }
    } catch (cause) {
      const error = toCairnError(cause, `cannot write to the segment ${segmentName(segment.id)}`)
      if (at > this.#written) ftruncateSync(segment.file, this.#written)
      throw error
    }
    this.#written = at
    this.#gatheredBytes = 0
  }

  /** True if a flush has something to do; `durable`: something to put on disk. */
  hasNews(durable: boolean): boolean {
    return this.#unindexed.length > 0 || (durable && this.#synced < this.#written)
  }

  /** Writes, and for `durable` syncs, all that was appended: to be called before `index`. */
  prepare(durable: boolean): void {
    this.writeGathered()
    if (durable && this.#segment !== undefined && this.#synced < this.#written) {
      this.#sync(this.#segment)
      this.#synced = this.#written
    }
  }

  /** After a failed sync the system may call lost pages clean: a second try that succeeds proves nothing. */
  #sync(segment: OwnedSegment): void {
    if (this.#syncFailure !== undefined) throw this.#syncFailure
    try {
      fdatasyncSync(segment.file)
    } catch (cause) {
      this.#syncFailure = toCairnError(
        cause,
        `the disk did not take the segment ${segmentName(segment.id)}: run cairn fsck`
      )
      throw this.#syncFailure
    }
  }

  /** Within a transaction: adds the rows of all that was appended. Returns the blocks that had a row already. */
  index(state: 'active' | 'finished' = 'active'): LocatedBlock[] {
    const { index } = this.#place
    return this.#takeNews(state).filter(block => !index.insert(block))
  }

  /** As `index`, for blocks that have rows: they say the new place from now on. A block whose row went meanwhile gets none. */
  move(state: 'active' | 'finished'): void {
    for (const block of this.#takeNews(state)) this.#place.index.move(block)
  }

  #takeNews(state: 'active' | 'finished'): LocatedBlock[] {
    const segment = this.#segment
    if (segment === undefined) return []
    const { index, boot } = this.#place
    const news = this.#unindexed
    this.#unindexed = []
    index.database.afterTransaction(committed => {
      if (committed) for (const { multihash } of news) this.#pending.delete(multihashKey(multihash))
      else this.#unindexed = [...news, ...this.#unindexed]
    })
    index.setSegment({ id: segment.id, state, bytes: this.#written, synced: this.#synced, boot })
    return news
  }

  /**
   * Leaves a segment that was indexed as `finished`, after `prepare(true)`: nobody will append to it again.
   */
  finish(): void {
    this.#release({ remove: true })
  }

  get hasSegment(): boolean {
    return this.#segment !== undefined
  }

  /** True if the block does not fit into the segment any more. */
  isFull(blockBytes: number): boolean {
    const end = this.#written + this.#gatheredBytes
    return (
      this.#segment !== undefined &&
      end > carHeader.length &&
      end + maxHeadBytes + blockBytes > this.#place.segmentBytes
    )
  }

  /** Gives the segment back for the next writer to go on with. */
  close(): void {
    this.#release({ remove: false })
    this.#gathered = undefined
  }

  #release(options: { remove: boolean }): void {
    const segment = this.#segment
    this.#segment = undefined
    if (segment === undefined) return
    closeSync(segment.file)
    segment.lock.release(options)
  }
}

/** What is left to write of buffers after their first `count` bytes were. */
function dropBytes(buffers: Uint8Array[], count: number): Uint8Array[] {
  let left = count
  const rest: Uint8Array[] = []
  for (const buffer of buffers) {
    if (left < buffer.length) rest.push(buffer.subarray(left))
    left = Math.max(0, left - buffer.length)
  }
  return rest
}
