/**
 * What all threads of a process must know of the kernel's references: how many lookups each inode
 * has, roughly. Inodes share 2^18 counters by their low bits, so a count may be too high (then an
 * orphan is purged by the next sweep instead of at its last forget) but never too low.
 *
 * Other processes' kernels do not exist: one process serves a mount.
 */
const slots = 2 ** 18
const headerWords = 2
const orphansWord = 0
const epochWord = 1
const orphansOfSweep = 64

/** 1 MiB of shared memory for `MfsOptions.shared`: make it once in a process. */
export function mfsSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((slots + headerWords) * 4)
}

export class Lookups {
  readonly #words: Int32Array
  /** So many orphans are worth a look at all of them, by this instance. */
  sweepAt = orphansOfSweep

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  add(ino: number): void {
    Atomics.add(this.#words, headerWords + (ino % slots), 1)
  }

  subtract(ino: number, lookups: number): void {
    Atomics.sub(this.#words, headerWords + (ino % slots), lookups)
  }

  /** True if somebody may still use the inode by number. */
  held(ino: number): boolean {
    return Atomics.load(this.#words, headerWords + (ino % slots)) > 0
  }

  /** Orphans (unlinked but held) that this process made and has not purged: lets `forget` be cheap. */
  get orphans(): number {
    return Atomics.load(this.#words, orphansWord)
  }

  countOrphans(change: number): void {
    Atomics.add(this.#words, orphansWord, change)
  }

  /** After a look at all orphans: those that are left are held. */
  swept(): void {
    this.sweepAt = this.orphans + orphansOfSweep
  }

  /** Grows whenever draft files were deleted, so that every thread closes what it keeps open. */
  get draftEpoch(): number {
    return Atomics.load(this.#words, epochWord)
  }

  advanceDraftEpoch(): void {
    Atomics.add(this.#words, epochWord, 1)
  }
}
