import { type Multihash, multihashKey } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { BlockIndex, Location } from './block-index.ts'
import { rawCidText } from './multihashes.ts'
import { SegmentFiles, segmentName } from './segment-files.ts'

/**
 * The reading end of a store: one index lookup, or none where the place is remembered, and one
 * pread. A remembered place stays right until its segment is compacted away; then it is looked up again.
 */
export class BlockLocator {
  readonly #index: BlockIndex
  readonly #files: SegmentFiles
  /** Two halves instead of a list in order of use: when the young one is full, the old one is dropped. */
  #young = new Map<string, Location>()
  #old = new Map<string, Location>()

  constructor(index: BlockIndex, folder: string) {
    this.#index = index
    this.#files = new SegmentFiles(folder)
  }

  find(multihash: Multihash): Location | undefined {
    const key = multihashKey(multihash)
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const location = this.#old.get(key) ?? this.#index.locate(multihash)
    if (location !== undefined) this.#remember(key, location)
    return location
  }

  #remember(key: string, location: Location): void {
    if (this.#young.size >= limits.cachedLocations / 2) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, location)
  }

  forget(multihash: Multihash): void {
    const key = multihashKey(multihash)
    this.#young.delete(key)
    this.#old.delete(key)
  }

  /** Fills `target` from `offset` of the block. Throws `missing` if there is no row, `corrupt` if the bytes are not there. */
  read(multihash: Multihash, location: Location, offset: number, target: Uint8Array): void {
    if (this.readAt(location, offset, target)) return
    this.forget(multihash)
    const fresh = this.#index.locate(multihash)
    if (fresh === undefined) throw missingBlock(multihash)
    if (this.readAt(fresh, offset, target)) return
    throw new CairnError(
      'corrupt',
      `the block ${rawCidText(multihash)} is not where the index says, at ${fresh.offset} of ${segmentName(fresh.segment)}: run cairn fsck`
    )
  }

  /** False if the segment does not hold those bytes, or is not there. */
  readAt(location: Location, offset: number, target: Uint8Array): boolean {
    const { segment } = location
    return this.#whereThere(
      segment,
      () => this.#files.read(segment, location.offset + offset, target) === target.length
    )
  }

  /** False if the segment ends before the block does, or is not there. */
  isThere({ segment, offset, length }: Location): boolean {
    return this.#whereThere(segment, () => this.#files.bytes(segment) >= offset + length)
  }

  #whereThere(segment: number, look: () => boolean): boolean {
    try {
      return look()
    } catch (cause) {
      const error = toCairnError(cause, `cannot read the segment ${segmentName(segment)}`)
      if (error.code === 'not-found') return false
      throw error
    }
  }

  close(): void {
    this.#files.close()
    this.#young.clear()
    this.#old.clear()
  }
}

export function missingBlock(multihash: Multihash): CairnError {
  const id = rawCidText(multihash)
  return new CairnError('missing', `the block ${id} is not here`, { want: { kind: 'block', id } })
}
