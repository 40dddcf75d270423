import { availableParallelism } from 'node:os'
import { CairnError } from '../base/errors.ts'
import type { Node } from '../unixfs/api.ts'
import type { Imported, ImportOptions, Ingest, IngestOptions } from './api.ts'
import { throwIfAborted } from './breathe.ts'
import { hashFile } from './hash-file.ts'
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

  hashFile: Ingest['hashFile'] = (path, options) =>
    this.#tallied({ ...options, metadata: false, onlyHash: true }, tally =>
      hashFile(tally, this.#pool, path)
    )

  async close(): Promise<void> {
    this.#closing.abort(new CairnError('aborted', 'the import was ended: Cairn is stopping'))
    await this.#pool?.close()
  }

  #import(options: ImportOptions, work: (tally: Tally) => Promise<Node>): Promise<Imported> {
    const losses = this.#pool?.losses ?? 0
    return this.#tallied(options, async tally => {
      const node = await work(tally)
      if (options.onlyHash !== true) await this.#flush(options.durable === true, losses)
      return tally.imported(node)
    })
  }

  async #tallied<T>(options: ImportOptions, work: (tally: Tally) => Promise<T>): Promise<T> {
    const tally = new Tally(this.#options.blocks, options, this.#closing.signal)
    try {
      throwIfAborted(tally.signal)
      return await work(tally)
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
