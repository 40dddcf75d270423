import { createRequire } from 'node:module'

/** poll(2): https://man7.org/linux/man-pages/man2/poll.2.html */
const pollIn = 1
/** fcntl(2): https://man7.org/linux/man-pages/man2/fcntl.2.html */
const [getFlags, setFlags, nonBlocking] = [3, 4, 0o4000]
/** So long a caller takes at most to come with its next request, in milliseconds: one that copies a tree takes a tenth. */
const patienceMs = 1

/** What a thread answered and may commit later (`Database` with `grouped`), as long as requests come one upon the other. */
export interface Unsettled {
  readonly unsettled: boolean
  /** It is time to commit. */
  readonly due: boolean
  settle: () => void
}

interface Libc {
  readonly poll: (descriptors: Int32Array, count: number, timeoutMs: number) => number
}

/**
 * Waits for requests, and never longer than a moment with anything unsettled: whoever needs that waits
 * as long. poll(2) says whether a request has come; another thread may take it first, or its caller be
 * gone, so the device is made not to block once a thread has written. Node has neither call: they are
 * the C library's, through koffi. Where it cannot be had each answer is committed before the next look.
 */
export class Arrivals {
  readonly #device: number
  readonly #work: Unsettled
  /** struct pollfd: the descriptor; events and revents. */
  readonly #descriptor: Int32Array
  readonly #open: typeof openLibc
  #libc: Libc | null | undefined

  constructor(device: number, work: Unsettled, open: typeof openLibc = openLibc) {
    this.#device = device
    this.#work = work
    this.#open = open
    this.#descriptor = Int32Array.of(device, pollIn)
  }

  /** Before each look for a request. `empty`: there was none at the last. */
  wait(empty: boolean): void {
    const work = this.#work
    if (work.unsettled) {
      if (!work.due && this.#arrives(patienceMs)) return
      work.settle()
    }
    if (empty || this.#libc) this.#arrives(-1)
  }

  #arrives(timeoutMs: number): boolean {
    if (this.#libc === undefined) this.#libc = this.#open(this.#device) ?? null
    return this.#libc !== null && this.#libc.poll(this.#descriptor, 1, timeoutMs) > 0
  }
}

/** Once the device does not block. */
function openLibc(device: number): Libc | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default
    const library = koffi.load('libc.so.6')
    const poll = library.func('int poll(void *, unsigned long, int)')
    const fcntl = library.func('int fcntl(int, int, int)')
    const flags = fcntl(device, getFlags, 0)
    return fcntl(device, setFlags, flags | nonBlocking) === 0 ? { poll } : undefined
  } catch {
    return undefined
  }
}
