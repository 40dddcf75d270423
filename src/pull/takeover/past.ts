import { CairnError } from '../../base/errors.ts'
import type { Classification, Learned } from '../adapter.ts'
import type { Catalog, CatalogItem, Moment, PullAnswer, PullFetchOptions } from '../api.ts'
import type { Engine } from '../engine.ts'
import type { NamedItems } from './named-items.ts'

/** Items as they were. */
export class Past {
  readonly #catalog: Catalog
  readonly #engine: Engine
  readonly #named: NamedItems

  constructor(catalog: Catalog, engine: Engine, named: NamedItems) {
    this.#catalog = catalog
    this.#engine = engine
    this.#named = named
  }

  /**
   * Undefined: what is now is what was then, or nothing is said of it. What a document of then names
   * is served by its digest, from the store or, while the upstream still has it, from there.
   */
  async fetch(
    wanted: Classification,
    at: Moment,
    { signal }: PullFetchOptions
  ): Promise<PullAnswer | undefined> {
    if (wanted.freshness.kind === 'immutable') return undefined
    const document = this.#document(wanted, at)
    const atMs = at.of === 'snapshot' ? at.ms : document?.validatedMs
    if (atMs === undefined) return undefined
    const direct = this.#version(wanted.key, atMs)
    if (document === undefined || wanted.takenWith !== undefined) {
      return this.#direct(wanted, at, direct)
    }
    const named = (await this.#named.of(document)).get(wanted.key)
    if (named === undefined) return this.#direct(wanted, at, direct)
    const item = this.#withDigest(document, named, direct)
    if (item !== undefined) return this.#engine.serve(wanted, 'store', item)
    for (const way of wanted.namedBy?.ways(named) ?? []) {
      const answer = await this.#engine
        .fetch(way, signal === undefined ? {} : { signal })
        .catch(absent)
      if (answer === undefined) continue
      const lastModified = new Date(document.storedMs).toUTCString()
      return { ...answer, mediaType: wanted.mediaType, lastModified }
    }
    throw new CairnError(
      'not-found',
      `${wanted.key} as of ${showMs(atMs)} (${named.digest}) was never fetched, and is gone upstream`
    )
  }

  #direct(
    wanted: Classification,
    at: Moment,
    direct: CatalogItem | undefined
  ): PullAnswer | undefined {
    if (direct !== undefined && (at.of === 'snapshot' || wanted.takenWith !== undefined)) {
      return this.#engine.serve(wanted, 'store', direct)
    }
    if (at.of === 'version') return undefined
    throw new CairnError('not-found', `${wanted.key} was not seen here by ${showMs(at.ms)}`)
  }

  #version(key: string, atMs: number): CatalogItem | undefined {
    return this.#engine.held.check(this.#catalog.versionAt(key, atMs))
  }

  /** Of several that may name it, the one a client of then took: the newest. */
  #document(wanted: Classification, at: Moment): CatalogItem | undefined {
    if (at.of === 'version') {
      return this.#engine.held.check(this.#catalog.versionWith(at.document, at.digest))
    }
    const versions = (wanted.namedBy?.documents ?? []).flatMap(
      key => this.#version(key, at.ms) ?? []
    )
    return versions.sort((a, b) => b.validatedMs - a.validatedMs)[0]
  }

  /** Bytes that came under another name have the date of who names them: that of theirs may be this name's for others. */
  #withDigest(
    { storedMs }: CatalogItem,
    { key, digest }: Learned,
    direct: CatalogItem | undefined
  ): CatalogItem | undefined {
    if (direct?.digests.includes(digest) === true) return direct
    const { held } = this.#engine
    const own = held.check(this.#catalog.versionWith(key, digest))
    if (own !== undefined) return own
    const other = held.check(this.#catalog.byDigest(digest))
    return other === undefined ? undefined : { ...other, lastModified: undefined, storedMs }
  }
}

/** The next way may have it; what is no answer about the item itself is thrown. */
function absent(cause: unknown): undefined {
  const code = cause instanceof CairnError ? cause.code : undefined
  if (code === 'not-found' || code === 'mismatch' || code === 'upstream') return undefined
  throw cause
}

function showMs(ms: number): string {
  return new Date(ms).toISOString()
}
