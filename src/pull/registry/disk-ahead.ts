import type { FileHandle } from 'node:fs/promises'
import { toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'

/** Has what is written to a file go to the disk while more comes, so that at the end little of it is left to be waited for. */
export class DiskAhead {
  readonly #file: FileHandle
  #bytes = 0
  #syncing: Promise<void> | undefined
  #failure: unknown

  constructor(file: FileHandle) {
    this.#file = file
  }

  wrote(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < limits.adoptedFileBytes || this.#syncing !== undefined) return
    this.#bytes = 0
    this.#syncing = this.#file
      .datasync()
      .catch((cause: unknown) => {
        this.#failure = cause
      })
      .finally(() => {
        this.#syncing = undefined
      })
  }

  /** What was begun has ended. Throws what the disk did not take. */
  async settled(): Promise<void> {
    await this.#syncing
    if (this.#failure !== undefined) throw toCairnError(this.#failure, 'cannot keep an upload')
  }
}
