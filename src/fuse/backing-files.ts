import { closeSync, openSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'
import { CairnError } from '../base/errors.ts'
import { type Libc, openLibc } from './libc.ts'

/** _IOW(229, 1, struct fuse_backing_map) and _IOW(229, 2, uint32_t) of linux/include/uapi/linux/fuse.h. */
const backingOpen = 0x4010_e501
const backingClose = 0x4004_e502
/** struct fuse_backing_map: fd, flags, padding. */
const backingMapBytes = 16

/** The files that the kernel reads and writes by itself for a mount. Throws `unsupported` without the C library. */
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
