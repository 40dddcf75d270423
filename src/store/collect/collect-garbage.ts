import { join } from 'node:path'
import { setImmediate as turn, setTimeout as wait } from 'node:timers/promises'
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Reference } from '../../base/references.ts'
import type { Reserve } from '../../base/reserve.ts'
import { BlockIndex } from '../block-index.ts'
import { bootName } from '../boot.ts'
import type { Place } from '../claim-segment.ts'
import { oldestHold } from '../holds.ts'
import { openBlockStore } from '../open.ts'
import { takeOwnerLock } from '../owner-lock.ts'
import { compactSegments } from './compact-segments.ts'
import { type LinksOf, Reachable } from './mark-reachable.ts'
import { sweepBlocks, unreachable } from './sweep-blocks.ts'
import { allReferences, WriteBarrier } from './write-barrier.ts'

export interface CollectOptions {
  readonly segments: string
  /** With `storeMigrations`, and all tables that `references` name. */
  readonly database: Database
  readonly references: readonly Reference[]
  readonly linksOf: LinksOf
  readonly clock?: Clock
  /** Default `limits.segmentBytes`. */
  readonly segmentBytes?: number
  readonly reserve?: Reserve
  /** Changes nothing: says what would go. */
  readonly dryRun?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: CollectProgress) => void
}

export interface CollectProgress {
  readonly stage: 'mark' | 'sweep' | 'compact'
  /** Blocks marked or looked at; segments removed. */
  readonly done: number
}

export interface CollectReport {
  /** Blocks that something leads to. */
  readonly reachableBlocks: number
  /** Of the index; without `dryRun` they are gone. */
  readonly removedBlocks: number
  readonly removedBytes: number
  /** Segments deleted, and their bytes. What was copied out of them takes some of it again. */
  readonly removedSegments: number
  readonly freedBytes: number
  /** Room in bytes that compaction lacked, and so was not gone on with; 0 if it had it. */
  readonly neededBytes: number
  /** Of the segment files that are left. */
  readonly fileBytes: number
}

/** Nodes marked between two turns of the event loop. */
const stepsPerTurn = 256
/** How long writers of before the sweep are waited for: they may rescue a block from a segment that is about to go. */
const holdersMs = 1_000

/**
 * Frees what nothing leads to, while others, in any process, read and write. It can be ended at any point,
 * by force too: what it did by then stands, the next goes on. Throws `busy` while another runs, or a rebuild of the
 * index; `corrupt` or `unsupported`, having dropped nothing, if what some root leads to cannot be told; `aborted`.
 *
 * Order: a new generation begins and the write barrier rises, in one transaction; then all roots are read and what they
 * lead to is marked; then rows that are not marked, older than that generation and than every hold, are dropped, each
 * transaction marking first what the barrier saw. See docs/decisions/0018-collection.md.
 */
export async function collectGarbage(options: CollectOptions): Promise<CollectReport> {
  const locks = ['collect.lock', 'rebuild.lock'].map(name => join(options.segments, name))
  const held: Array<() => void> = []
  try {
    for (const path of locks) {
      const lock = takeOwnerLock(path)
      if (lock === undefined) throw busy(options.segments)
      held.push(() => lock.release())
    }
    return await new Collection(options).run()
  } catch (cause) {
    throw toCairnError(cause)
  } finally {
    for (const release of held) release()
  }
}

function busy(folder: string): CairnError {
  return new CairnError(
    'busy',
    `${folder} is being collected, or its index rebuilt, by somebody else: wait for it`
  )
}

class Collection {
  readonly #options: CollectOptions
  readonly #place: Place
  readonly #barrier: WriteBarrier
  #steps = 0

  constructor(options: CollectOptions) {
    const { segments: folder, database, segmentBytes = limits.segmentBytes, reserve } = options
    const { nowMs } = options.clock ?? systemClock
    this.#options = options
    const index = new BlockIndex(database)
    this.#place = { index, folder, boot: bootName(), segmentBytes, nowMs, reserve }
    this.#barrier = new WriteBarrier(database, options.references)
  }

  async run(): Promise<CollectReport> {
    const { database, segments, linksOf, dryRun = false } = this.#options
    const blocks = openBlockStore({ segments, database })
    const reachable = new Reachable(blocks, linksOf)
    try {
      const report = dryRun ? await this.#estimate(reachable) : await this.#collect(reachable)
      return { ...report, fileBytes: blocks.fileBytes() }
    } finally {
      blocks.close()
    }
  }

  async #collect(reachable: Reachable): Promise<Omit<CollectReport, 'fileBytes'>> {
    const { database, segments } = this.#options
    const generation = database.write(() => {
      this.#barrier.begin()
      return this.#place.index.nextGeneration()
    })
    try {
      const before = Math.min(generation, oldestHold(segments) ?? generation)
      await this.#mark(reachable)
      const swept = await this.#sweep(reachable, before)
      return { reachableBlocks: reachable.size, ...swept, ...(await this.#compact()) }
    } finally {
      database.write(() => this.#barrier.end())
    }
  }

  async #mark(reachable: Reachable): Promise<void> {
    const { database, references, signal } = this.#options
    signal?.throwIfAborted()
    for (const _ of reachable.mark(allReferences(database, references))) {
      await this.#step('mark', reachable.size)
    }
  }

  async #estimate(reachable: Reachable): Promise<Omit<CollectReport, 'fileBytes'>> {
    const before = oldestHold(this.#options.segments) ?? this.#place.index.generation() + 1
    await this.#mark(reachable)
    const report = { removedSegments: 0, freedBytes: 0, neededBytes: 0 }
    let removedBlocks = 0
    let removedBytes = 0
    let seen = 0
    for (const page of unreachable(this.#place.index, reachable, before)) {
      removedBlocks += page.garbage.length
      removedBytes += page.garbage.reduce((sum, { length }) => sum + length, 0)
      seen += page.seen
      await this.#step('sweep', seen)
    }
    return { reachableBlocks: reachable.size, removedBlocks, removedBytes, ...report }
  }

  async #sweep(reachable: Reachable, before: number) {
    let removedBlocks = 0
    let removedBytes = 0
    let seen = 0
    for (const page of sweepBlocks(this.#place.index, reachable, this.#barrier, before)) {
      removedBlocks += page.blocks
      removedBytes += page.bytes
      seen += page.seen
      await this.#step('sweep', seen)
    }
    return { removedBlocks, removedBytes }
  }

  async #compact() {
    let removedSegments = 0
    let freedBytes = 0
    let neededBytes = 0
    await this.#holdersMovedOn()
    for await (const step of compactSegments(this.#place)) {
      removedSegments += step.segments
      freedBytes += step.freedBytes
      neededBytes = step.neededBytes
      await this.#step('compact', removedSegments)
    }
    return { removedSegments, freedBytes, neededBytes }
  }

  /** Who began after the sweep counts on no block that it dropped. */
  async #holdersMovedOn(): Promise<void> {
    const { database, segments, signal } = this.#options
    const generation = database.write(() => this.#place.index.nextGeneration())
    for (let waitedMs = 0; waitedMs < holdersMs; waitedMs += 50) {
      if ((oldestHold(segments) ?? generation) >= generation) return
      await wait(50)
      signal?.throwIfAborted()
    }
  }

  async #step(stage: CollectProgress['stage'], done: number): Promise<void> {
    this.#options.signal?.throwIfAborted()
    if (stage === 'mark' && ++this.#steps % stepsPerTurn !== 0) return
    this.#options.onProgress?.({ stage, done })
    await turn()
  }
}
