import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { BlockIndex, LocatedBlock } from './block-index.ts'
import { rawCidText } from './multihashes.ts'
import { segmentName, segmentPath } from './segment-files.ts'

/** A block that was here already when it was added: not written again. */
export interface ReliedBlock extends LocatedBlock {
  readonly generation: number
}

/**
 * What a writer owes the blocks it did not write because they were here. Theirs may be another
 * writer's bytes that are not on disk yet: a durable flush syncs them too. And a collection may be about to
 * drop them: a flush lifts them into the present generation, and hands back those that are already gone.
 */
export class Reliance {
  readonly #index: BlockIndex
  readonly #folder: string
  #blocks: ReliedBlock[] = []
  readonly #segments = new Set<number>()

  constructor(index: BlockIndex, folder: string) {
    this.#index = index
    this.#folder = folder
  }

  get count(): number {
    return this.#blocks.length
  }

  /** True if a durable flush has something to sync. */
  get hasSegments(): boolean {
    return this.#segments.size > 0
  }

  add(block: ReliedBlock): void {
    this.#blocks.push(block)
    this.#segments.add(block.segment)
  }

  /** True if a flush has rows to lift. */
  get isStale(): boolean {
    if (this.#blocks.length === 0) return false
    const generation = this.#index.generation()
    if (this.#blocks.some(block => block.generation < generation)) return true
    this.#blocks = []
    return false
  }

  /** Within a transaction: lifts the rows of blocks of an older generation; returns the blocks that have none any more. */
  lift(): ReliedBlock[] {
    const blocks = this.#blocks
    this.#blocks = []
    this.#index.database.afterTransaction(committed => {
      if (!committed) this.#blocks = [...blocks, ...this.#blocks]
    })
    const generation = this.#index.generation()
    return blocks.filter(
      block => block.generation < generation && !this.#index.touch(block.multihash)
    )
  }

  /** Puts the segments relied on onto disk; finished ones are there. */
  sync(): void {
    for (const id of this.#segments) {
      const row = this.#index.segment(id)
      if (row !== undefined && row.synced < row.bytes) this.#syncSegment(id)
    }
    this.#segments.clear()
  }

  #syncSegment(id: number): void {
    try {
      const file = openSync(segmentPath(this.#folder, id), 'r')
      fdatasyncSync(file)
      closeSync(file)
    } catch (cause) {
      throw toCairnError(cause, `cannot sync the segment ${segmentName(id)}`)
    }
  }
}

/** The bytes of a block whose row a collection dropped are mostly still in their segment; else the writer must begin again. */
export function rescue(block: ReliedBlock, read: (block: LocatedBlock) => Uint8Array): Uint8Array {
  try {
    return read(block)
  } catch (cause) {
    throw new CairnError(
      'conflict',
      `the block ${rawCidText(block.multihash)} was collected while it was relied on: run this again`,
      { cause }
    )
  }
}
