import { createRequire } from 'node:module'

/** POLLIN of poll(2): https://man7.org/linux/man-pages/man2/poll.2.html */
const pollIn = 1
/** So long a caller takes at most to come with its next request, in milliseconds: one that copies a tree takes a tenth. */
const patienceMs = 1

/** What a thread answered and may commit later (`Database` with `grouped`), as long as requests come one upon the other. */
export interface Unsettled {
  readonly unsettled: boolean
  /** It is time to commit. */
  readonly due: boolean
  settle: () => void
}

type Poll = (descriptors: Int32Array, count: number, timeoutMs: number) => number

/**
 * Commits what was answered before its thread waits for a request. Whether one comes at once poll(2)
 * says, which Node has not: the C library's, through koffi, loaded by a thread that first writes.
 * Where it cannot be had each answer is committed at once.
 */
export class Arrivals {
  readonly #work: Unsettled
  /** struct pollfd: the descriptor; events and revents. */
  readonly #device: Int32Array
  #poll: Poll | undefined

  constructor(device: number, work: Unsettled) {
    this.#work = work
    this.#device = Int32Array.of(device, pollIn)
  }

  /** Before each look for a request. */
  prepare(): void {
    if (!this.#work.unsettled) return
    if (this.#work.due || !this.#arrives()) this.#work.settle()
  }

  #arrives(): boolean {
    this.#poll ??= loadPoll()
    return this.#poll(this.#device, 1, patienceMs) > 0
  }
}

function loadPoll(): Poll {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi').default
    return koffi.load('libc.so.6').func('int poll(void *, unsigned long, int)')
  } catch {
    return () => 0
  }
}
