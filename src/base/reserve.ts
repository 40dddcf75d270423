import { statfsSync } from 'node:fs'
import { CairnError } from './errors.ts'
import { limits } from './limits.ts'

/**
 * The last bytes of a disk, kept from those who write contents: a file can only be deleted, and a
 * daemon only started, where the database still finds room for a transaction.
 */
export class Reserve {
  readonly #folder: string
  readonly #statistics: typeof statfsSync
  readonly #part: number
  /** What may be written before the disk is looked at again. */
  #grantedBytes = 0

  /**
   * For what is written to the disk that holds `folder`, by one thread. `part` of what is kept is
   * kept from this: 1 for contents, less for what should still find room when they do not.
   */
  constructor(folder: string, statistics: typeof statfsSync = statfsSync, part = 1) {
    this.#folder = folder
    this.#statistics = statistics
    this.#part = part
  }

  /** To be called before so many bytes are written. Throws `no-space`. */
  spend(bytes: number): void {
    if (bytes <= this.#grantedBytes) {
      this.#grantedBytes -= bytes
      return
    }
    const left = this.#leftAfter(bytes)
    this.#grantedBytes = Math.min(limits.reserveGrantBytes * this.#part, Math.max(0, left) / 16)
  }

  /** Before something that long is begun. Throws `no-space` where there is no room for all of it. */
  foresee(bytes: number): void {
    this.#leftAfter(bytes)
  }

  #leftAfter(bytes: number): number {
    const { blocks, bavail, bsize } = this.#statistics(this.#folder)
    const kept = Math.min(limits.reservedBytes, (blocks * bsize) / 16) * this.#part
    const left = bavail * bsize - kept - bytes
    if (blocks === 0 || left >= 0) return left
    this.#grantedBytes = 0
    throw new CairnError(
      'no-space',
      `the disk that holds ${this.#folder} is full: make room (what is left on it is kept for deleting files)`
    )
  }
}
