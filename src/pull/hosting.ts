import type { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import { type Digest, Digester } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type { UnixfsReader, UnixfsWriter } from '../unixfs/api.ts'
import type { Catalog, CatalogItem } from './api.ts'

/** Bytes in the store that no name leads to yet. */
export interface StoredFile {
  readonly cid: CID
  readonly bytes: number
  /** sha256 first. */
  readonly digests: readonly Digest[]
}

export interface FileToHost extends StoredFile {
  /** Below the place. */
  readonly path: string
  readonly mediaType: string
  /** Its bytes may change under this name: versions are remembered. */
  readonly mutable: boolean
}

/** What a place is to hold besides, and what it is not to hold any more, by path. */
export interface PlaceChange {
  readonly files: readonly FileToHost[]
  readonly removed?: readonly string[]
}

export interface HostingOptions {
  readonly catalog: Catalog
  readonly blocks: BlockWriter
  readonly reader: UnixfsReader
  readonly writer: UnixfsWriter
  readonly clock: Clock
}

/** How often a change is made anew because another process made one meanwhile. */
const tries = 20

/** Puts what is published here into the catalog, under places that are never looked up upstream. */
export class Hosting {
  readonly #options: HostingOptions

  constructor(options: HostingOptions) {
    this.#options = options
  }

  async store(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<StoredFile> {
    const builder = this.#options.writer.file()
    const digester = new Digester(['sha256'])
    let bytes = 0
    for await (const piece of content) {
      builder.write(piece)
      digester.update(piece)
      bytes += piece.length
    }
    const node = builder.finish()
    const cid = makeCid(node.codec, node.multihash, node.cidVersion)
    return { cid, bytes, digests: digester.finish() }
  }

  /** A file's bytes; undefined if there is none. */
  read(key: string): Buffer | undefined {
    const item = this.#options.catalog.get(key)
    if (item === undefined) return undefined
    const whole = Buffer.alloc(item.bytes)
    const { code, multihash } = item.cid
    for (let position = 0; position < item.bytes; ) {
      const read = this.#options.reader.readFile(
        code,
        multihash.bytes,
        whole.subarray(position),
        position
      )
      if (read === 0) throw new CairnError('corrupt', `${key} ends too early: run cairn fsck`)
      position += read
    }
    return whole
  }

  /** Names directly below a key. */
  names(key: string): string[] {
    return [...this.#options.catalog.list(key)].map(({ name }) => name)
  }

  item(key: string): CatalogItem | undefined {
    return this.#options.catalog.get(key)
  }

  /**
   * Has a place hold these files besides those it has, and those of these paths no more: all of it at once, and it
   * survives a power cut. `make` is asked again if the file at `guard` changed while it worked. Throws what it throws,
   * and `busy` if that goes on for ever.
   */
  async change(place: string, guard: string, make: () => Promise<PlaceChange>): Promise<void> {
    const { blocks, catalog } = this.#options
    for (let attempt = 0; attempt < tries; attempt++) {
      const before = catalog.get(guard)
      const { files, removed = [] } = await make()
      blocks.flush({ durable: true })
      const done = catalog.together(
        () => {
          if (!isSame(catalog.get(guard), before)) return false
          this.#put(place, files)
          for (const path of removed) catalog.remove(`${place}/${path}`)
          return true
        },
        { durable: true }
      )
      if (done) return
    }
    throw new CairnError('busy', `${place} is changed by others all the time: try again`)
  }

  #put(place: string, files: readonly FileToHost[]): void {
    const { catalog, clock } = this.#options
    const nowMs = clock.nowMs()
    catalog.host(place, nowMs)
    const before = files.map(({ path }) => catalog.get(`${place}/${path}`))
    // Clients compare dates by the second.
    const storedMs = Math.max(nowMs, ...before.map(item => (item?.storedMs ?? 0) + 1000))
    for (const [index, { path, mutable, cid, bytes, digests, mediaType }] of files.entries()) {
      const known = before[index]
      if (known?.cid.equals(cid) === true) continue
      const times = { storedMs, validatedMs: nowMs, usedMs: nowMs }
      const validators = { etag: undefined, lastModified: undefined }
      catalog.put(
        { key: `${place}/${path}`, cid, bytes, digests, mediaType, ...validators, ...times },
        { version: mutable }
      )
    }
  }
}

function isSame(a: CatalogItem | undefined, b: CatalogItem | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.cid.equals(b.cid)
}
