import { toCairnError } from '../base/errors.ts'
import type { Classification } from './adapter.ts'
import type { CatalogItem } from './api.ts'
import type { HeldItems } from './held-items.ts'
import { learnDocument } from './learn-document.ts'
import type { PullOptions } from './open.ts'

type LearnerOptions = Pick<PullOptions, 'catalog' | 'adapters' | 'clock' | 'log'>

/** Reads documents in the background, one after the other. */
export class Learner {
  readonly #options: LearnerOptions
  readonly #held: HeldItems
  readonly #abort = new AbortController()
  /** Versions begun here: one that cannot be read is not tried at every request. */
  readonly #begun = new Map<string, string>()
  #queue: Promise<void> = Promise.resolve()
  readonly #coming = new Set<{ readonly document: string; readonly learnt: Promise<void> }>()

  constructor(options: LearnerOptions, held: HeldItems) {
    this.#options = options
    this.#held = held
  }

  /**
   * Learns a new version of a document; one that was held all along only if no version of it was
   * ever learnt (the process died in between, or its bytes came under another name).
   */
  consider(wanted: Classification, item: CatalogItem, version: 'new' | 'held'): void {
    const { document } = wanted
    const digest = item.digests[0]
    if (document === undefined || digest === undefined) return
    if (version === 'held' && this.#begun.get(document) === digest) return
    const learnt = this.#options.catalog.learnt(document)
    if (version === 'new' ? learnt === digest : learnt !== undefined) return
    this.#begun.set(document, digest)
    const work = this.#queue.then(() => this.#learn(wanted, item, document))
    this.#queue = work
    this.announce(document, work)
  }

  /** A version of this document is here, and once `learnt` resolves its learning has been done or begun. */
  announce(document: string, learnt: Promise<void>): void {
    const coming = { document, learnt }
    this.#coming.add(coming)
    void learnt.finally(() => this.#coming.delete(coming))
  }

  /**
   * Resolves when the documents that are here by now and may name the key, those of its upstream,
   * have been learnt; undefined if there is none.
   */
  settled(key: string): Promise<void> | undefined {
    const upstream = `${key.split('/', 2).join('/')}/`
    const coming = [...this.#coming].filter(({ document }) => document.startsWith(upstream))
    if (coming.length === 0) return undefined
    return Promise.all(coming.map(({ learnt }) => learnt)).then(() => this.settled(key))
  }

  /** Resolves when all that was begun so far has been learnt, or has failed. */
  async idle(): Promise<void> {
    await this.#queue
  }

  async #learn(wanted: Classification, item: CatalogItem, name: string): Promise<void> {
    const { catalog, adapters, clock, log } = this.#options
    const digest = item.digests[0]
    const adapter = adapters.find(each => item.key.startsWith(`${each.name}/`))
    if (adapter === undefined || digest === undefined || this.#abort.signal.aborted) return
    const bytes = this.#held.read(item)
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
