import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../../base/blocks.ts'
import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { algorithmOf, type Digest, Digester } from '../../base/digest.ts'
import { CairnError, type ErrorCode, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { Reserve } from '../../base/reserve.ts'
import type { UnixfsWriter } from '../../unixfs/api.ts'
import type { Catalog } from '../api.ts'
import { bounds } from '../bounds.ts'
import { BufferPool } from '../buffers.ts'
import type { Repositories, UploadPiece, Uploads } from './api.ts'

export interface UploadsOptions {
  readonly database: Database
  readonly catalog: Catalog
  readonly repositories: Repositories
  readonly blocks: BlockWriter
  readonly writer: UnixfsWriter
  /** Folder for the files; made if need be. Files no row names, and those long untouched, go. */
  readonly folder: string
  readonly clock: Clock
}

/** One for a home, in one process. */
export function openUploads(options: UploadsOptions): Uploads {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 })
  const uploads = new FileUploads(options)
  uploads.sweep()
  return uploads
}

/** What this process knows of an upload besides its file. */
interface Session {
  /** sha256 of the first `hashed` bytes of the file. */
  readonly digester: Digester
  hashed: number
  /** The request before this one. */
  last: Promise<unknown>
}

class FileUploads implements Uploads {
  readonly #options: UploadsOptions
  readonly #sessions = new Map<string, Session>()
  readonly #buffers = new BufferPool()
  readonly #reserve: Reserve
  #sweptMs = Number.NEGATIVE_INFINITY

  constructor(options: UploadsOptions) {
    this.#options = options
    this.#reserve = new Reserve(options.folder)
  }

  /** Takes away what nobody will go on with, once in a while. */
  sweep(): void {
    const { database, folder, clock } = this.#options
    if (clock.nowMs() - this.#sweptMs < limits.uploadSweepMs) return
    this.#sweptMs = clock.nowMs()
    for (const id of readdirSync(folder)) {
      const idleMs = clock.nowMs() - statSync(join(folder, id)).mtimeMs
      if (this.#repositoryOf(id) !== undefined && idleMs < limits.uploadIdleMs) continue
      rmSync(join(folder, id), { force: true })
      this.#sessions.delete(id)
      database.write(() => database.statement('DELETE FROM registry_uploads WHERE id = ?').run(id))
    }
  }

  begin(name: string): string {
    const { database, folder } = this.#options
    this.sweep()
    const id = randomUUID()
    database.write(() =>
      database.statement('INSERT INTO registry_uploads VALUES (?, ?)').run(id, name)
    )
    try {
      writeFileSync(join(folder, id), '', { flag: 'wx', mode: 0o600 })
    } catch (cause) {
      throw toCairnError(cause, 'cannot begin an upload')
    }
    this.#sessions.set(id, {
      digester: new Digester(['sha256']),
      hashed: 0,
      last: Promise.resolve()
    })
    return id
  }

  #repositoryOf(id: string): string | undefined {
    const sql = 'SELECT repository FROM registry_uploads WHERE id = ?'
    return this.#options.database.statement(sql).get(id)?.repository as string | undefined
  }

  async arrived(name: string, id: string): Promise<number> {
    return await this.#withFile(name, id, async file => (await file.stat()).size)
  }

  async append(name: string, id: string, piece: UploadPiece): Promise<number> {
    return await this.#inTurn(name, id, session =>
      this.#endingAt(id, ['no-space'], () =>
        this.#withFile(name, id, file => this.#write(file, session, piece))
      )
    )
  }

  async finish(name: string, id: string, piece: UploadPiece, digest: Digest): Promise<void> {
    await this.#inTurn(name, id, async session => {
      await this.#endingAt(id, ['mismatch', 'no-space'], async () => {
        const stored = await this.#withFile(name, id, async file => {
          await this.#write(file, session, piece)
          return await this.#store(file, session, digest)
        })
        this.#options.repositories.addBlob(name, digest, stored)
      })
      await this.#forget(id)
    })
  }

  /** An upload that failed so is over: what came of it is of no use, or is what fills the disk. */
  async #endingAt<T>(id: string, codes: readonly ErrorCode[], work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (codes.includes(toCairnError(cause).code)) await this.#forget(id)
      throw cause
    }
  }

  async cancel(name: string, id: string): Promise<void> {
    await this.#inTurn(name, id, () => this.#forget(id))
  }

  async #forget(id: string): Promise<void> {
    const { database, folder } = this.#options
    this.#sessions.delete(id)
    database.write(() => database.statement('DELETE FROM registry_uploads WHERE id = ?').run(id))
    await rm(join(folder, id), { force: true })
  }

  /** After a restart a session knows of nothing that is in the file: it is hashed at the end. */
  async #inTurn<T>(name: string, id: string, work: (session: Session) => Promise<T>): Promise<T> {
    if (this.#repositoryOf(id) !== name) throw unknownUpload(id)
    const digester = new Digester(['sha256'])
    const session = this.#sessions.get(id) ?? { digester, hashed: 0, last: Promise.resolve() }
    this.#sessions.set(id, session)
    const mine = session.last.then(() => work(session))
    session.last = mine.catch(() => {})
    return await mine
  }

  async #withFile<T>(name: string, id: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
    if (this.#repositoryOf(id) !== name) throw unknownUpload(id)
    const file = await open(join(this.#options.folder, id), 'r+').catch((cause: unknown) => {
      throw toCairnError(cause).code === 'not-found' ? unknownUpload(id) : toCairnError(cause)
    })
    try {
      return await work(file)
    } finally {
      await file.close()
    }
  }

  async #write(file: FileHandle, session: Session, { body, range }: UploadPiece): Promise<number> {
    const start = (await file.stat()).size
    if (range !== undefined && range.start !== start) {
      const message = `the upload has ${start} bytes: a piece from ${range.start} cannot come next`
      throw new CairnError('out-of-range', message)
    }
    let position = start
    const end = range?.end ?? bounds.flightBytes
    for await (const piece of body) {
      if (position + piece.length > end) {
        await this.#takeBack(file, session, start)
        throw new CairnError('invalid', `the piece goes on after byte ${end}`)
      }
      this.#reserve.spend(piece.length)
      await writeAll(file, piece, position)
      if (session.hashed === position) {
        session.digester.update(piece)
        session.hashed += piece.length
      }
      position += piece.length
    }
    if (range !== undefined && position !== range.end) {
      await this.#takeBack(file, session, start)
      throw new CairnError('invalid', `the piece ends at byte ${position}, not at ${range.end}`)
    }
    return position
  }

  async #takeBack(file: FileHandle, session: Session, bytes: number): Promise<void> {
    await file.truncate(bytes)
    if (session.hashed > bytes) session.hashed = Number.NaN
  }

  /** Hashed while it came, if all of it came to this process; else once more now. */
  async #store(
    file: FileHandle,
    session: Session,
    digest: Digest
  ): Promise<{ cid: CID; bytes: number }> {
    const { size } = await file.stat()
    const known = session.hashed === size ? session.digester.finish()[0] : undefined
    session.hashed = Number.NaN
    const digests =
      known !== undefined && algorithmOf(digest) === 'sha256'
        ? [known]
        : await this.#hash(file, digest)
    if (!digests.includes(digest)) {
      throw new CairnError(
        'mismatch',
        `the ${size} bytes that came are ${digests.at(-1)}, not ${digest}`
      )
    }
    // Also where the digest is known: blocks that are here cost no space, and one that was lost is back.
    const cid = await this.#import(file)
    this.#remember(digests, cid, size)
    return { cid, bytes: size }
  }

  async #hash(file: FileHandle, digest: Digest): Promise<Digest[]> {
    const algorithm = algorithmOf(digest)
    const digester = new Digester(algorithm === 'sha256' ? ['sha256'] : ['sha256', algorithm])
    for await (const piece of this.#read(file)) digester.update(piece)
    return digester.finish()
  }

  async #import(file: FileHandle): Promise<CID> {
    const builder = this.#options.writer.file()
    for await (const piece of this.#read(file)) {
      builder.write(piece)
      await turn()
    }
    const node = builder.finish()
    this.#options.blocks.flush()
    return makeCid(node.codec, node.multihash, node.cidVersion)
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

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done)
      done += bytesWritten
    }
  } catch (cause) {
    throw toCairnError(cause, 'cannot keep an upload')
  }
}

function unknownUpload(id: string): CairnError {
  return new CairnError('not-found', `there is no upload ${JSON.stringify(id.slice(0, 80))} here`)
}
