import { type FileHandle, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { toCairnError } from '../base/errors.ts'
import { Reserve } from '../base/reserve.ts'
import type { BufferPool } from './buffers.ts'

/**
 * A download's bytes so far, in a file without a name (it goes with the process), and those who read
 * along. The last byte is not shown before `complete`: the whole of a body is only ever had by
 * someone once it was found right.
 */
export class FlightFile {
  readonly #handle: FileHandle
  readonly #buffers: BufferPool
  readonly #reserve: Reserve
  #arrived = 0
  #state: 'arriving' | 'complete' | 'failed' = 'arriving'
  #error: Error | undefined
  #changed = Promise.withResolvers<void>()
  #users = 1

  private constructor(handle: FileHandle, buffers: BufferPool, reserve: Reserve) {
    this.#handle = handle
    this.#buffers = buffers
    this.#reserve = reserve
  }

  /**
   * Makes the file at `path` and unlinks it at once; `release` when done with it. Throws `no-space` if there is no room
   * for so many bytes: told before the first one is sent on.
   */
  static async open(
    path: string,
    buffers: BufferPool,
    bytes: number | undefined
  ): Promise<FlightFile> {
    const reserve = new Reserve(dirname(path))
    reserve.foresee(bytes ?? 0)
    try {
      const handle = await open(path, 'wx+', 0o600)
      await unlink(path)
      return new FlightFile(handle, buffers, reserve)
    } catch (cause) {
      throw toCairnError(cause, `cannot make ${path} for a download`)
    }
  }

  get arrived(): number {
    return this.#arrived
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#reserve.spend(bytes.length)
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          done,
          bytes.length - done,
          this.#arrived + done
        )
        done += bytesWritten
      }
    } catch (cause) {
      throw toCairnError(cause, 'cannot keep a download')
    }
    this.#arrived += bytes.length
    this.#tell()
  }

  /** True if `bytes` are what arrived at `position`. */
  async holds(bytes: Uint8Array, position: number): Promise<boolean> {
    const kept = Buffer.allocUnsafe(bytes.length)
    const { bytesRead } = await this.#handle.read(kept, 0, kept.length, position)
    return bytesRead === bytes.length && kept.equals(bytes)
  }

  complete(): void {
    this.#state = 'complete'
    this.#tell()
  }

  fail(error: Error): void {
    this.#state = 'failed'
    this.#error = error
    this.#tell()
  }

  #tell(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }

  /** Pieces from `start` to `end` (or the end of the file) as they arrive; each valid until the next is asked for. */
  async *read(start = 0, end = Number.POSITIVE_INFINITY): AsyncGenerator<Uint8Array> {
    const buffer = this.#buffers.take(end - start)
    try {
      for (let position = start; position < end; ) {
        const changed = this.#changed.promise
        if (this.#state === 'failed') throw this.#error
        const shown = this.#state === 'complete' ? this.#arrived : this.#arrived - 1
        if (position >= shown) {
          if (this.#state === 'complete') return
          await changed
          continue
        }
        const length = Math.min(buffer.length, Math.min(shown, end) - position)
        const { bytesRead } = await this.#handle.read(buffer, 0, length, position)
        yield buffer.subarray(0, bytesRead)
        position += bytesRead
      }
    } finally {
      this.#buffers.give(buffer)
    }
  }

  /** One more who needs the file to stay. */
  retain(): void {
    this.#users++
  }

  /** The last one closes it. */
  async release(): Promise<void> {
    this.#users--
    if (this.#users === 0) await this.#handle.close()
  }
}
