import { closeSync, openSync, rmSync } from 'node:fs'
import { openLibc } from './libc.ts'

/** fcntl(2), "Leases": https://man7.org/linux/man-pages/man2/F_SETLEASE.2const.html */
const setSignal = 10
const setLease = 1024
const readLease = 0
const writeLease = 1
const noLease = 2
/** Ignored unless asked for. The default, SIGIO, would end the process of whoever meets an open just then. */
const sigurg = 23

/**
 * What others have a file open for, as the kernel's leases tell, which see mappings too: nobody else
 * tells of those. Where a file system has no leases all is taken to be open. Throws `unsupported`
 * where koffi or the GNU C library cannot be had.
 */
export class FileLeases {
  readonly #libc = openLibc()

  /** Whether somebody may yet write to the file: has it open to write, or mapped so. */
  isWritable(path: string): boolean {
    return !this.#withLease(path, readLease, () => {})
  }

  /** Removes a name of a file that nobody else has open, nor mapped; true then. */
  removeUnlessOpen(path: string): boolean {
    // Whoever opens the file by this name meanwhile waits for the lease to end, and finds the name gone.
    return this.#withLease(path, writeLease, () => rmSync(path))
  }

  /** A read lease is given only on a file that no one has open to write; a write lease on one that no one has open. */
  #withLease(path: string, kind: number, work: () => void): boolean {
    const file = openSync(path, 'r')
    try {
      this.#libc.fcntl(file, setSignal, sigurg)
      if (this.#libc.fcntl(file, setLease, kind) !== 0) return false
      work()
      this.#libc.fcntl(file, setLease, noLease)
      return true
    } finally {
      closeSync(file)
    }
  }
}
