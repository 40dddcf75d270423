import { toCairnError } from '../base/errors.ts'
import type { Classification } from './adapter.ts'
import type { CatalogItem } from './api.ts'
import type { BufferPool } from './buffers.ts'
import { learnDocument } from './learn-document.ts'
import type { PullOptions } from './open.ts'
import { readStored } from './stored-body.ts'

type LearnerOptions = Pick<PullOptions, 'catalog' | 'reader' | 'adapters' | 'clock' | 'log'>

/** Reads documents in the background, one after the other. */
export class Learner {
  readonly #options: LearnerOptions
  readonly #buffers: BufferPool
  readonly #abort = new AbortController()
  /** Versions begun here: one that cannot be read is not tried at every request. */
  readonly #begun = new Map<string, string>()
  #queue: Promise<void> = Promise.resolve()

  constructor(options: LearnerOptions, buffers: BufferPool) {
    this.#options = options
    this.#buffers = buffers
  }

  /**
   * Learns a new version of a document; one that was held all along only if no version of it was
   * ever learnt (the process died in between, or its bytes came under another name).
   */
  consider(wanted: Classification, item: CatalogItem, version: 'new' | 'held'): void {
    const { document } = wanted
    const digest = item.digests[0]
    if (document === undefined || digest === undefined) return
    if (this.#begun.get(document) === digest) return
    const learnt = this.#options.catalog.learnt(document)
    if (version === 'new' ? learnt === digest : learnt !== undefined) return
    this.#begun.set(document, digest)
    this.#queue = this.#queue.then(() => this.#learn(wanted, item, document))
  }

  /** Resolves when all that was begun so far has been learnt, or has failed. */
  async idle(): Promise<void> {
    await this.#queue
  }

  async #learn(wanted: Classification, item: CatalogItem, name: string): Promise<void> {
    const { catalog, adapters, reader, clock, log } = this.#options
    const digest = item.digests[0]
    const adapter = adapters.find(each => item.key.startsWith(`${each.name}/`))
    if (adapter === undefined || digest === undefined || this.#abort.signal.aborted) return
    const bytes = readStored(reader, item, this.#buffers)
    const source = { digest, learntMs: clock.nowMs() }
    const document = { name, item: { key: item.key, url: wanted.url }, source, bytes }
    try {
      const entries = await learnDocument(catalog, adapter, document, this.#abort.signal)
      log.info({ document: name, entries }, 'learnt what an index names')
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      if (code !== 'aborted') log.warn({ document: name, code }, `cannot read an index: ${message}`)
    }
  }

  async close(): Promise<void> {
    this.#abort.abort()
    await this.#queue
  }
}
