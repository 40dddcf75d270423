import { createRequire } from 'node:module'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'

/** `whence` of lseek(2): https://man7.org/linux/man-pages/man2/lseek.2.html */
const whences = { data: 3, hole: 4 } as const
/** `mode` of fallocate(2), each with FALLOC_FL_KEEP_SIZE: https://man7.org/linux/man-pages/man2/fallocate.2.html */
const modes = { allocate: 1, punch: 1 | 2, zero: 1 | 16 } as const

interface Libc {
  readonly fallocate: (file: number, mode: number, offset: number, length: number) => number
  readonly lseek: (file: number, offset: number, whence: number) => number
  readonly errno: () => number
}

/**
 * What Node does not offer of files that have holes. The C library is called through koffi, loaded at
 * the first use: 8 MB that a thread which never meets a hole does without. Where it cannot be had all
 * calls say so, and the caller does without holes.
 */
export class LibcFiles {
  #libc: Libc | null | undefined

  /**
   * fallocate(2) that leaves the size as it is. False if this file system, or this machine, has no
   * such call; throws as `node:fs` does if it failed.
   */
  allocate(file: number, kind: keyof typeof modes, offset: number, length: number): boolean {
    const libc = this.#load()
    if (libc === undefined) return false
    if (libc.fallocate(file, modes[kind], offset, length) === 0) return true
    const failure = systemError(libc.errno(), 'fallocate')
    if (failure.code === 'EOPNOTSUPP' || failure.code === 'ENOTSUP') return false
    throw failure
  }

  /** Where the next data, or hole, begins; undefined if there is none, or no telling them apart. */
  seek(file: number, offset: number, what: keyof typeof whences): number | undefined {
    const libc = this.#load()
    if (libc === undefined) return undefined
    const found = libc.lseek(file, offset, whences[what])
    return found < 0 ? undefined : found
  }

  /** True if holes can be told from data here. */
  get seesHoles(): boolean {
    return this.#load() !== undefined
  }

  #load(): Libc | undefined {
    if (this.#libc === undefined) this.#libc = openLibc() ?? null
    return this.#libc ?? undefined
  }
}

function openLibc(): Libc | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default
    const library = koffi.load('libc.so.6')
    return {
      fallocate: library.func('int fallocate64(int, int, int64_t, int64_t)'),
      lseek: library.func('int64_t lseek64(int, int64_t, int)'),
      errno: () => koffi.errno()
    }
  } catch {
    return undefined
  }
}

function systemError(number: number, syscall: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${syscall}: ${getSystemErrorMessage(-number)}`)
  error.code = getSystemErrorName(-number)
  return error
}
