import { mkdirSync } from 'node:fs'
import type { CID } from 'multiformats/cid'
import { codec, type Multihash, sha256Multihash } from '../base/blocks.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Reserve } from '../base/reserve.ts'
import { adoptFile } from './adopt-file.ts'
import type { Adoptable, Adoption, BlockStore, SegmentSharing, StoreStatistics } from './api.ts'
import { BlockAppender } from './append-blocks.ts'
import { BlockIndex, type LocatedBlock, type Location } from './block-index.ts'
import { bootName } from './boot.ts'
import { type Place, recoverSegments } from './claim-segment.ts'
import { Holds } from './holds.ts'
import { hasMultihash, inlineBytes } from './multihashes.ts'
import { BlockLocator, missingBlock } from './read-blocks.ts'
import { Reliance, rescue } from './rely-on-blocks.ts'
import { shareFlat } from './share-flat.ts'

/**
 * Why a power cut, at any point, leaves a store that is right:
 *
 * - A segment's file, its name and its header are synced before anything names them.
 * - The index may reach the disk before the bytes it names (only a durable flush syncs these first).
 *   So each segment's row says how much of it is synced, and in which run of the machine the rest was
 *   written. In another run that rest is verified block by block at the next start, before anyone reads it;
 *   rows whose bytes did not make it are dropped. Nobody was promised them.
 * - The bytes may reach the disk without their rows. They are found behind the last indexed byte, verified,
 *   and indexed; a torn record at the end is cut off.
 * - A durable flush returns after the bytes are synced, those of blocks that other writers brought
 *   included, and the transaction with their rows, and every one before it, is.
 *
 * A crash of the process alone loses only what was not flushed: the system still holds what was written.
 */
export interface BlockStoreOptions {
  /** The folder of the segments; made if need be. */
  readonly segments: string
  /** With `storeMigrations` taken. */
  readonly database: Database
  readonly clock?: Clock
  /** Default `limits.segmentBytes`. */
  readonly segmentBytes?: number
  /** What of the disk is not for blocks; none by default. */
  readonly reserve?: Reserve
}

/**
 * Opens a store, and repairs what writers that died left behind. Each thread opens one of its own, on a
 * connection of its own. Throws `corrupt` if the index lacks segments (an index lost or restored from a copy).
 */
export function openBlockStore(options: BlockStoreOptions): BlockStore {
  mkdirSync(options.segments, { recursive: true })
  const { nowMs } = options.clock ?? systemClock
  const index = new BlockIndex(options.database)
  const segmentBytes = options.segmentBytes ?? limits.segmentBytes
  const { segments: folder, reserve } = options
  const place = { index, folder, boot: bootName(), segmentBytes, nowMs, reserve }
  recoverSegments(place)
  return new SegmentStore(place)
}

class SegmentStore implements BlockStore {
  readonly #index: BlockIndex
  readonly #appender: BlockAppender
  readonly #reliance: Reliance
  readonly #locator: BlockLocator
  readonly #holds: Holds
  readonly #place: Place
  readonly sharing: SegmentSharing

  constructor(place: Place) {
    this.#place = place
    this.sharing = shareFlat(place)
    this.#holds = new Holds(place.folder, place.index)
    this.#index = place.index
    this.#appender = new BlockAppender(place)
    this.#reliance = new Reliance(place.index, place.folder)
    this.#locator = new BlockLocator(place.index, place.folder)
  }

  add(bytes: Uint8Array, code: number = codec.raw): Multihash {
    checkLength(bytes)
    const multihash = sha256Multihash(bytes)
    this.#keep(code, multihash, bytes)
    return multihash
  }

  put(cid: CID, bytes: Uint8Array): void {
    checkLength(bytes)
    const multihash = Uint8Array.from(cid.multihash.bytes)
    if (!hasMultihash(bytes, multihash)) {
      throw new CairnError('mismatch', `${bytes.length} bytes that are not those of ${cid}`)
    }
    if (inlineBytes(multihash) === undefined) this.#keep(cid.code, multihash, bytes)
  }

  #keep(code: number, multihash: Multihash, bytes: Uint8Array): void {
    this.#holds.beforeBlock()
    if (this.#appender.pending(multihash) !== undefined) return
    const known = this.#locateSound(multihash)
    const settled = this.#index.database.transaction === 'none'
    if (known !== undefined) {
      this.#reliance.add({ multihash, ...known })
    } else {
      if (settled && this.#appender.isFull(bytes.length)) this.#finishSegment()
      this.#appender.append(code, multihash, bytes)
    }
    if (
      settled &&
      (this.#appender.isBatchFull || this.#reliance.count >= limits.writeBatchBlocks)
    ) {
      this.flush()
    }
  }

  /** A row whose bytes a disk lost goes when the block is brought anew: so what is fetched again heals. */
  #locateSound(multihash: Multihash): ReturnType<BlockIndex['locate']> {
    const known = this.#index.locate(multihash)
    if (known === undefined || this.#locator.isThere(known)) return known
    if (this.#index.database.transaction === 'read') return known
    return this.#index.database.write(() => {
      const now = this.#index.locate(multihash)
      if (now === undefined || this.#locator.isThere(now)) return now
      this.#index.remove(multihash)
      return undefined
    })
  }

  flush({ durable = false } = {}): void {
    const rows = this.#appender.hasNews(durable) || this.#reliance.isStale
    if (!rows && !(durable && this.#reliance.hasSegments)) return
    this.#commit(durable, 'active')
  }

  #commit(durable: boolean, state: 'active' | 'finished'): void {
    this.#appender.prepare(durable)
    const work = () => {
      for (const block of this.#reliance.lift()) this.#rescue(block, durable)
      for (const { multihash } of this.#appender.index(state)) this.#rely(multihash)
    }
    this.#index.database.write(work, { durable })
    if (durable) this.#reliance.sync()
  }

  /** Another writer brought the same block while this one was on its way. */
  #rely(multihash: Multihash): void {
    const known = this.#index.locate(multihash)
    if (known !== undefined) this.#reliance.add({ multihash, ...known })
  }

  #rescue(block: LocatedBlock & { generation: number }, durable: boolean): void {
    const bytes = rescue(block, ({ length }) => {
      const target = new Uint8Array(length)
      const there = this.#locator.readAt(block, 0, target)
      if (!there || !hasMultihash(target, block.multihash)) throw missingBlock(block.multihash)
      return target
    })
    this.#appender.append(codec.raw, block.multihash, bytes)
    this.#appender.prepare(durable)
  }

  endSegment(): void {
    if (this.#appender.hasSegment) this.#finishSegment()
  }

  #finishSegment(): void {
    this.#commit(true, 'finished')
    this.#appender.finish()
  }

  has(multihash: Multihash): boolean {
    return (
      this.#appender.pending(multihash) !== undefined ||
      inlineBytes(multihash) !== undefined ||
      this.#index.locate(multihash) !== undefined
    )
  }

  size(multihash: Multihash): number | undefined {
    const here = inlineBytes(multihash) ?? this.#appender.pending(multihash)
    return here?.length ?? this.#index.bytesOf(multihash)
  }

  read(multihash: Multihash): Uint8Array {
    const inline = inlineBytes(multihash)
    if (inline !== undefined) return Uint8Array.from(inline)
    const location = this.#locate(multihash)
    if (location === undefined) throw missingBlock(multihash)
    const target = new Uint8Array(Buffer.allocUnsafeSlow(location.length).buffer)
    this.#locator.read(multihash, location, 0, target)
    return target
  }

  readInto(multihash: Multihash, offset: number, target: Uint8Array): number {
    const inline = inlineBytes(multihash)
    if (inline !== undefined) {
      const part = inline.subarray(offset, offset + target.length)
      target.set(part)
      return part.length
    }
    const location = this.#locate(multihash)
    if (location === undefined) throw missingBlock(multihash)
    const length = Math.min(target.length, Math.max(0, location.length - offset))
    this.#locator.read(multihash, location, offset, target.subarray(0, length))
    return length
  }

  #locate(multihash: Multihash): Location | undefined {
    const pending = this.#appender.pending(multihash)
    if (pending === undefined) return this.#locator.find(multihash)
    this.#appender.writeGathered()
    return pending
  }

  remove(multihashes: Iterable<Multihash>): void {
    this.flush()
    this.#index.database.write(() => {
      for (const multihash of multihashes) {
        this.#index.remove(multihash)
        this.#locator.forget(multihash)
      }
    })
  }

  *list(): IterableIterator<{ multihash: Multihash; length: number }> {
    for (const page of this.#index.pages(limits.writeBatchBlocks)) {
      for (const { multihash, length } of page) yield { multihash, length }
    }
  }

  adopt(file: Adoptable): Adoption {
    return adoptFile(this.#place, file)
  }

  statistics(): StoreStatistics {
    const segments = this.#index.segments().length
    return { ...this.#index.totals(), segments, segmentBytes: this.fileBytes() }
  }

  fileBytes(): number {
    return this.#index.segments().reduce((sum, { bytes }) => sum + bytes, 0)
  }

  close(): void {
    try {
      this.flush({ durable: true })
    } finally {
      this.#appender.close()
      this.#locator.close()
      this.#holds.close()
    }
  }
}

function checkLength(bytes: Uint8Array): void {
  if (bytes.length > limits.blockBytes) {
    throw new CairnError(
      'invalid',
      `a block of ${bytes.length} bytes: at most ${limits.blockBytes} are taken in`
    )
  }
}
