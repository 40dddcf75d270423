import { availableParallelism } from 'node:os'
import { CairnError } from '../base/errors.ts'
import type { Node } from '../unixfs/api.ts'
import type { Imported, ImportOptions, Ingest, IngestOptions } from './api.ts'
import { throwIfAborted } from './breathe.ts'
import { HashPool } from './hash-pool.ts'
import { importEntries } from './import-entries.ts'
import { importPath } from './import-path.ts'
import { importStream } from './import-stream.ts'
import { readTar } from './read-tar.ts'
import { Tally } from './tally.ts'

/** Opens an ingest over a block writer; it starts no thread yet. */
export function openIngest(options: IngestOptions): Ingest {
  return new ThreadedIngest(options)
}

class ThreadedIngest implements Ingest {
  readonly #options: IngestOptions
  readonly #pool: HashPool | undefined
  readonly #closing = new AbortController()

  constructor(options: IngestOptions) {
    const { store, threads = availableParallelism(), caller = 'works', background } = options
    const alone = store === undefined || threads < (caller === 'works' ? 2 : 1)
    this.#options = options
    this.#pool = alone ? undefined : new HashPool(store, { threads, caller, background })
  }

  importPath: Ingest['importPath'] = (path, options) =>
    this.#import(options, tally => importPath(tally, this.#pool, path))

  importStream: Ingest['importStream'] = (stream, options) =>
    this.#import(options, tally => importStream(tally, stream, options))

  importTar: Ingest['importTar'] = (archive, options) =>
    this.#import(options, tally => importEntries(tally, readTar(archive, tally.warnings)))

  importEntries: Ingest['importEntries'] = (entries, options) =>
    this.#import(options, tally => importEntries(tally, entries))

  async close(): Promise<void> {
    this.#closing.abort(new CairnError('aborted', 'the import was ended: Cairn is stopping'))
    await this.#pool?.close()
  }

  async #import(options: ImportOptions, work: (tally: Tally) => Promise<Node>): Promise<Imported> {
    const tally = new Tally(this.#options.blocks, options, this.#closing.signal)
    const losses = this.#pool?.losses ?? 0
    try {
      throwIfAborted(tally.signal)
      const node = await work(tally)
      if (options.onlyHash !== true) await this.#flush(options.durable === true, losses)
      return tally.imported(node)
    } catch (cause) {
      throw tally.fail(cause)
    } finally {
      tally.end()
    }
  }

  /** What the threads stored first: it lies below what was stored here. */
  async #flush(durable: boolean, losses: number): Promise<void> {
    await this.#pool?.flush(durable, losses)
    this.#options.blocks.flush({ durable })
  }
}
