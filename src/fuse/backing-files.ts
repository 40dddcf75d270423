import { closeSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { getSystemErrorMessage } from 'node:util'
import { CairnError } from '../base/errors.ts'

/** _IOW(229, 1, struct fuse_backing_map) and _IOW(229, 2, uint32_t) of linux/include/uapi/linux/fuse.h. */
const backingOpen = 0x4010_e501
const backingClose = 0x4004_e502
/** struct fuse_backing_map: fd, flags, padding. */
const backingMapBytes = 16

/** fcntl(2), "Leases": https://man7.org/linux/man-pages/man2/F_SETLEASE.2const.html */
const setSignal = 10
const setLease = 1024
const readLease = 0
const noLease = 2
/** Ignored unless asked for. The default, SIGIO, would end the process of whoever meets an open just then. */
const sigurg = 23

interface Libc {
  readonly ioctl: (file: number, request: number, argument: Uint8Array) => number
  readonly fcntl: (file: number, command: number, argument: number) => number
  readonly errno: () => number
}

/**
 * The system calls of passthrough, which Node lacks, through koffi. Throws `unsupported` where that,
 * or the GNU C library, cannot be had.
 */
export class BackingFiles {
  readonly #device: number
  readonly #libc: Libc

  constructor(device: number) {
    this.#device = device
    this.#libc = openLibc()
  }

  /**
   * Lets the kernel use a file as a backing file: returns its number. It counts as open for reading.
   * Throws `unsupported`, saying why.
   */
  open(path: string): number {
    const file = openSync(path, 'r')
    try {
      const map = new Uint8Array(backingMapBytes)
      new DataView(map.buffer).setInt32(0, file, true)
      const number = this.#libc.ioctl(this.#device, backingOpen, map)
      if (number > 0) return number
      throw new CairnError('unsupported', explain(this.#libc.errno()))
    } finally {
      closeSync(file)
    }
  }

  /** Handles that are open on it stay so. */
  close(backing: number): void {
    const argument = new Uint8Array(Uint32Array.of(backing).buffer)
    this.#libc.ioctl(this.#device, backingClose, argument)
  }

  /**
   * Whether somebody may yet write to the file: has it open to write, or mapped, which the kernel tells
   * nobody. A read lease is given only on a file that no one has open to write. A file system
   * without leases makes it true.
   */
  isWritable(path: string): boolean {
    const file = openSync(path, 'r')
    try {
      this.#libc.fcntl(file, setSignal, sigurg)
      if (this.#libc.fcntl(file, setLease, readLease) !== 0) return true
      this.#libc.fcntl(file, setLease, noLease)
      return false
    } finally {
      closeSync(file)
    }
  }
}

function openLibc(): Libc {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default
    const library = koffi.load('libc.so.6')
    return {
      ioctl: library.func('int ioctl(int, unsigned long, _Inout_ uint8_t*)'),
      fcntl: library.func('int fcntl(int, int, int)'),
      errno: () => koffi.errno()
    }
  } catch (cause) {
    throw new CairnError('unsupported', 'koffi, or the GNU C library, is missing', { cause })
  }
}

/** By include/uapi/asm-generic/errno-base.h: of the reasons the kernel has, those a person can do something about. */
function explain(errno: number): string {
  const reasons: Readonly<Record<number, string>> = {
    1: 'the kernel allows it to root alone (CAP_SYS_ADMIN)',
    22: 'this kernel has no passthrough (Linux 6.9 and CONFIG_FUSE_PASSTHROUGH)',
    25: 'this kernel has no passthrough (Linux 6.9 and CONFIG_FUSE_PASSTHROUGH)',
    40: 'the home lies on a stacked file system (overlay, as in a container): put it on a volume',
    95: 'the file system of the home cannot be passed through'
  }
  return reasons[errno] ?? `the kernel refused a backing file: ${getSystemErrorMessage(-errno)}`
}
