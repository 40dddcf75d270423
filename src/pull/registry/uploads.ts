import { randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../../base/digest.ts'
import { CairnError, type ErrorCode, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { Reserve } from '../../base/reserve.ts'
import { bounds } from '../bounds.ts'
import type { UploadPiece, Uploads } from './api.ts'
import { DiskAhead } from './disk-ahead.ts'
import { UploadStoring, type UploadStoringOptions } from './store-upload.ts'
import { UploadHasher } from './upload-hasher.ts'

export interface UploadsOptions extends UploadStoringOptions {
  /** Made if need be. Files no row names, and those long untouched, go. */
  readonly folder: string
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
  /** Of as many first bytes of the file as it has taken; undefined if it took others. */
  hasher: UploadHasher | undefined
  /** The request before this one. */
  last: Promise<unknown>
}

class FileUploads implements Uploads {
  readonly #options: UploadsOptions
  readonly #sessions = new Map<string, Session>()
  readonly #storing: UploadStoring
  readonly #reserve: Reserve
  #sweptMs = Number.NEGATIVE_INFINITY

  constructor(options: UploadsOptions) {
    this.#options = options
    this.#reserve = new Reserve(options.folder)
    this.#storing = new UploadStoring(options)
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
    this.#sessions.set(id, this.#newSession())
    return id
  }

  #newSession(): Session {
    const hasher = new UploadHasher(['sha256'], this.#options.writer.profile)
    return { hasher, last: Promise.resolve() }
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
        await this.#withFile(name, id, async file => {
          await this.#write(file, session, piece)
          const hasher = session.hasher
          session.hasher = undefined
          await this.#storing.store({ name, id, digest }, file, hasher)
        })
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
    const session = this.#sessions.get(id) ?? this.#newSession()
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
    const disk = new DiskAhead(file)
    for await (const piece of body) {
      if (position + piece.length > end) {
        await this.#takeBack(file, session, start)
        throw new CairnError('invalid', `the piece goes on after byte ${end}`)
      }
      this.#reserve.spend(piece.length)
      await writeAll(file, piece, position)
      if (session.hasher?.bytes === position) session.hasher.update(piece)
      position += piece.length
      disk.wrote(piece.length)
    }
    await disk.settled()
    if (range !== undefined && position !== range.end) {
      await this.#takeBack(file, session, start)
      throw new CairnError('invalid', `the piece ends at byte ${position}, not at ${range.end}`)
    }
    return position
  }

  async #takeBack(file: FileHandle, session: Session, bytes: number): Promise<void> {
    await file.truncate(bytes)
    if ((session.hasher?.bytes ?? 0) > bytes) session.hasher = undefined
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
