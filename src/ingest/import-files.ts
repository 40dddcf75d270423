import { setImmediate } from 'node:timers/promises'
import type { Metadata, Node } from '../unixfs/api.ts'
import { linkLeaves } from '../unixfs/build-file.ts'
import type { Leaves } from '../unixfs/leaves.ts'
import { addFile, type FileOutcome, type FileVersion } from './add-file.ts'
import type { HashPool } from './hash-pool.ts'
import type { JobSettings } from './jobs.ts'
import { readStripes, stripeBytes } from './read-stripes.ts'
import type { FoundFile } from './scan-tree.ts'
import type { Tally } from './tally.ts'

const MiB = 1024 * 1024

/** Below these the calling thread is done before a thread would have started. */
const inlineFiles = 512
const inlineBytes = 16 * MiB

/** A job takes some milliseconds: few messages, all threads end together, an abort is soon noticed. */
const batchFiles = 64

/** Longer files are jobs of their own. No profile cuts a longer chunk, so they have two leaves at least. */
const batchedFileBytes = 1 * MiB

/** A file too long for a batch. */
interface LargeFile {
  readonly file: FoundFile
  readonly version: FileVersion
  readonly metadata: Metadata
}

/** Gives each file its node: the first few in the calling thread, the others in hash threads. */
export class FileImport {
  readonly #tally: Tally
  readonly #pool: HashPool | undefined
  readonly #settings: JobSettings
  readonly #work = new Set<Promise<void>>()
  #batch: FoundFile[] = []
  #inlineFiles = 0
  #inlineBytes = 0

  constructor(tally: Tally, pool: HashPool | undefined) {
    this.#tally = tally
    this.#pool = pool
    this.#settings = tally.settings
  }

  /** Takes in a file now or later. Throws as `addFile`. */
  add(file: FoundFile): void {
    if (this.#pool === undefined || !this.#isInlineSpent) this.#addHere(file)
    else this.#addToBatch(file)
  }

  /** Resolves when every file has its node, or nothing is under way any more; failures are the tally's. */
  async finish(): Promise<void> {
    this.#submitBatch()
    while (this.#work.size > 0) {
      if (this.#pool?.help(this.#tally.blocks) === true) await setImmediate()
      else await this.#settleSome()
    }
  }

  /** With nothing left to help with, few jobs are under way; what one finds may make more of them. */
  async #settleSome(): Promise<void> {
    const [first] = this.#work
    await first
  }

  get #isInlineSpent(): boolean {
    return this.#inlineFiles >= inlineFiles || this.#inlineBytes >= inlineBytes
  }

  #addHere(file: FoundFile): void {
    const { blocks, profile, options } = this.#tally
    const outcome = addFile(blocks, file.path, {
      profile,
      metadata: options.metadata,
      maxBytes: this.#pool === undefined ? this.#largestHere : inlineBytes - this.#inlineBytes
    })
    if (outcome.node !== undefined) {
      this.#inlineFiles++
      this.#inlineBytes += outcome.node.fileBytes
    } else if (this.#pool !== undefined) {
      this.#inlineBytes = inlineBytes
    }
    this.#take(file, outcome)
  }

  /** Without threads, what can be cut into stripes is, so that the thread does other things in between. */
  get #largestHere(): number | undefined {
    return this.#tally.profile.chunker.kind === 'fixed' ? stripeBytes : undefined
  }

  #take(file: FoundFile, outcome: FileOutcome): void {
    if (outcome.node !== undefined) {
      file.node = outcome.node
      this.#tally.finishedFile(outcome.node.fileBytes)
    } else if (outcome.version.bytes <= batchedFileBytes) {
      this.#addToBatch(file)
    } else if (this.#tally.profile.chunker.kind === 'fixed') {
      this.#start(() => this.#addStripes({ file, ...outcome }))
    } else {
      this.#start(() => this.#addBatch([file], undefined))
    }
  }

  #addToBatch(file: FoundFile): void {
    this.#batch.push(file)
    if (this.#batch.length >= batchFiles) this.#submitBatch()
  }

  #submitBatch(): void {
    const files = this.#batch
    this.#batch = []
    if (files.length > 0) this.#start(() => this.#addBatch(files, batchedFileBytes))
  }

  #start(work: () => Promise<void>): void {
    const promise = work()
      .catch(cause => {
        this.#tally.fail(cause)
      })
      .finally(() => this.#work.delete(promise))
    this.#work.add(promise)
  }

  async #addBatch(files: readonly FoundFile[], maxBytes: number | undefined): Promise<void> {
    const paths = files.map(({ path }) => path)
    const job = { kind: 'files', settings: this.#settings, paths, maxBytes } as const
    const outcomes = await this.#pool!.run(job, this.#tally.signal)
    for (const [index, outcome] of outcomes.entries()) this.#take(files[index]!, outcome)
  }

  async #addStripes({ file, version, metadata }: LargeFile): Promise<void> {
    const leaves = await readStripes(this.#tally, this.#pool, { path: file.path, version })
    file.node = this.#link(leaves, metadata)
    this.#tally.finishedFile()
  }

  #link(leaves: Leaves, metadata: Metadata): Node {
    return linkLeaves(this.#tally.blocks, this.#tally.profile, leaves, metadata)
  }
}
