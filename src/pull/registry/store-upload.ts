import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { makeCid } from '../../base/blocks.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { algorithmOf, type Digest } from '../../base/digest.ts'
import { CairnError } from '../../base/errors.ts'
import type { BlockStore } from '../../store/api.ts'
import type { Node, UnixfsWriter } from '../../unixfs/api.ts'
import type { Catalog } from '../api.ts'
import { BufferPool } from '../buffers.ts'
import { adoptUpload } from './adopt-upload.ts'
import type { Repositories } from './api.ts'
import { type Hashed, UploadHasher } from './upload-hasher.ts'

export interface UploadStoringOptions {
  readonly database: Database
  readonly catalog: Catalog
  readonly repositories: Repositories
  readonly store: BlockStore
  readonly writer: UnixfsWriter
  /** Uploads of at least so many bytes become segments as they are; by default `limits.adoptedFileBytes`. */
  readonly adoptedBytes?: number
  /** Folder of the files. */
  readonly folder: string
  readonly clock: Clock
}

/** An upload that all has come of. */
export interface FinishedUpload {
  /** Its repository. */
  readonly name: string
  readonly id: string
  /** What it is to have. */
  readonly digest: Digest
}

/** Makes blobs of uploads; those that are large are not written a second time. */
export class UploadStoring {
  readonly #options: UploadStoringOptions
  readonly #buffers = new BufferPool()

  constructor(options: UploadStoringOptions) {
    this.#options = options
  }

  /**
   * Stores it in its repository, and ends it. `hasher`: what took its bytes as they came, if one did. Throws
   * `mismatch` if the bytes are others.
   */
  async store(
    { name, id, digest }: FinishedUpload,
    file: FileHandle,
    hasher: UploadHasher | undefined
  ): Promise<void> {
    const { catalog, repositories, database, store, writer, adoptedBytes, folder } = this.#options
    const { size: bytes } = await file.stat()
    const { digests, leaves } = await this.#hashed(file, hasher, bytes, digest)
    if (!digests.includes(digest)) {
      const came = `the ${bytes} bytes that came are ${digests.at(-1)}`
      throw new CairnError('mismatch', `${came}, not ${digest}`)
    }
    const how = { store, profile: writer.profile, leastBytes: adoptedBytes }
    const uploaded = { path: join(folder, id), file, bytes }
    const adopted = leaves === undefined ? undefined : await adoptUpload(how, uploaded, leaves)
    // Also where the digest is known: blocks that are here cost no space, and one that was lost is back.
    const cid = adopted === undefined ? await this.#import(file) : cidOf(adopted.node)
    try {
      catalog.together(
        () => {
          adopted?.adoption.index()
          this.#remember(digests, cid, bytes)
          repositories.addBlob(name, digest, { cid, bytes })
          database.statement('DELETE FROM registry_uploads WHERE id = ?').run(id)
        },
        { durable: adopted !== undefined }
      )
    } catch (cause) {
      adopted?.adoption.abandon()
      throw cause
    }
  }

  /** Made while it came, if all of it came to this process and is wanted by sha256; else once more now. */
  async #hashed(
    file: FileHandle,
    hasher: UploadHasher | undefined,
    bytes: number,
    digest: Digest
  ): Promise<Hashed> {
    const algorithm = algorithmOf(digest)
    if (hasher?.bytes === bytes && algorithm === 'sha256') return hasher.finish()
    const algorithms = [...new Set(['sha256', algorithm] as const)]
    const again = new UploadHasher(algorithms, this.#options.writer.profile)
    for await (const piece of this.#read(file)) again.update(piece)
    return again.finish()
  }

  async #import(file: FileHandle): Promise<CID> {
    const builder = this.#options.writer.file()
    for await (const piece of this.#read(file)) {
      builder.write(piece)
      await turn()
    }
    const node = builder.finish()
    this.#options.store.flush()
    return cidOf(node)
  }

  /** What was pushed needs not be fetched, under whatever name it is asked for. */
  #remember(digests: readonly Digest[], cid: CID, bytes: number): void {
    const nowMs = this.#options.clock.nowMs()
    const times = { storedMs: nowMs, validatedMs: nowMs, usedMs: nowMs }
    const key = `oci/.pushed/${digests[0]}`
    const mediaType = 'application/octet-stream'
    const none = { etag: undefined, lastModified: undefined }
    this.#options.catalog.put({ key, cid, bytes, mediaType, digests, ...none, ...times })
  }

  async *#read(file: FileHandle): AsyncGenerator<Uint8Array> {
    const { size } = await file.stat()
    const buffer = this.#buffers.take(size)
    try {
      for (let position = 0; position < size; ) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position)
        if (bytesRead === 0) throw new CairnError('io', 'an upload became shorter')
        yield buffer.subarray(0, bytesRead)
        position += bytesRead
      }
    } finally {
      this.#buffers.give(buffer)
    }
  }
}

function cidOf({ codec, multihash, cidVersion }: Node): CID {
  return makeCid(codec, multihash, cidVersion)
}
