import { createRequire } from 'node:module'
import { CairnError } from '../base/errors.ts'

export interface Libc {
  readonly ioctl: (file: number, request: number, argument: Uint8Array) => number
  readonly fcntl: (file: number, command: number, argument: number) => number
  readonly errno: () => number
}

/** System calls that Node lacks, through koffi. Throws `unsupported` where that, or the GNU C library, cannot be had. */
export function openLibc(): Libc {
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
