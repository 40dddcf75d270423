import { CairnError } from '../base/errors.ts'

/** How the kernel does the reads and writes of an open inode: by requests, or by itself on a backing file. */
export interface OpenFile {
  readonly ino: number
  /** Handles that are open; 0 of one that lingers. */
  readonly handles: number
  /** The number of its backing file; 0: by requests. */
  readonly backing: number
}

/** Inodes open at once; each takes 16 bytes. More than a machine's usual bound of open files by far. */
const slots = 2 ** 16
/** A table this full is slow to search. */
const usable = slots - slots / 8
const header = { lock: 0, used: 1, lingering: 2, words: 4 } as const
const slotWords = 4
const twoTo32 = 0x1_0000_0000

export function makeOpenFilesMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer((header.words + slots * slotWords) * 4)
}

/**
 * Which inodes are open, in memory that the threads of a mount share: Linux has an inode open either by
 * requests or on one backing file, and fails an open (EIO) that is answered otherwise than those
 * before it. It closes a handle before it says so, thus what is counted here is never too little.
 * All but `exclusively` and `lingering` is for within `exclusively`.
 * https://docs.kernel.org/filesystems/fuse/fuse-passthrough.html
 */
export class OpenFiles {
  readonly #words: Int32Array

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory)
  }

  /** Runs while no other thread looks or changes anything here. Not to be nested. */
  exclusively<T>(work: () => T): T {
    while (Atomics.compareExchange(this.#words, header.lock, 0, 1) !== 0) {
      Atomics.wait(this.#words, header.lock, 1)
    }
    try {
      return work()
    } finally {
      Atomics.store(this.#words, header.lock, 0)
      Atomics.notify(this.#words, header.lock, 1)
    }
  }

  /** Whether some inode lingers: has no handle, and its backing file may be written to still. */
  get lingering(): boolean {
    return Atomics.load(this.#words, header.lingering) > 0
  }

  find(ino: number): OpenFile | undefined {
    const slot = this.#slotOf(ino)
    return this.#inoAt(slot) === ino ? this.#at(slot) : undefined
  }

  /** One handle more; `backing` counts if it is the first. False if no more inodes can be open. */
  opened(ino: number, backing: number): boolean {
    const slot = this.#slotOf(ino)
    if (this.#inoAt(slot) !== ino) {
      if (this.#words[header.used]! >= usable) return false
      this.#words[header.used]!++
      this.#put(slot, { ino, handles: 0, backing })
    } else if (this.#words[slot + 2] === 0) this.#words[header.lingering]!--
    this.#words[slot + 2]!++
    return true
  }

  /** One handle less. An inode without a backing file is forgotten with its last, another lingers: returned then. */
  closed(ino: number): OpenFile | undefined {
    const slot = this.#slotOf(ino)
    if (this.#inoAt(slot) !== ino || this.#words[slot + 2] === 0) return undefined
    this.#words[slot + 2]!--
    if (this.#words[slot + 2] !== 0) return undefined
    this.#words[header.lingering]!++
    const file = this.#at(slot)
    if (file.backing !== 0) return file
    this.forget(ino)
    return undefined
  }

  /** Of one that lingers. */
  forget(ino: number): void {
    this.#remove(this.#slotOf(ino))
    this.#words[header.used]!--
    this.#words[header.lingering]!--
  }

  /** All that have a backing file, those that linger too. */
  backed(): OpenFile[] {
    const found: OpenFile[] = []
    for (let slot = header.words; slot < this.#words.length; slot += slotWords) {
      if (this.#words[slot + 3] !== 0 && this.#inoAt(slot) !== 0) found.push(this.#at(slot))
    }
    return found
  }

  /** Where the inode is, or the empty place where it would be. */
  #slotOf(ino: number): number {
    let slot = homeOf(ino)
    for (let found = this.#inoAt(slot); found !== 0 && found !== ino; found = this.#inoAt(slot)) {
      slot = next(slot)
    }
    return slot
  }

  #inoAt(slot: number): number {
    return (this.#words[slot + 1]! >>> 0) * twoTo32 + (this.#words[slot]! >>> 0)
  }

  #at(slot: number): OpenFile {
    const [handles, backing] = [this.#words[slot + 2]!, this.#words[slot + 3]!]
    return { ino: this.#inoAt(slot), handles, backing }
  }

  #put(slot: number, { ino, handles, backing }: OpenFile): void {
    this.#words.set([ino | 0, Math.floor(ino / twoTo32), handles, backing], slot)
  }

  /** Those behind it that are not at home move up, so that no search ends too early. */
  #remove(slot: number): void {
    let gap = slot
    for (let at = next(gap); this.#inoAt(at) !== 0; at = next(at)) {
      const home = homeOf(this.#inoAt(at))
      const between = gap < at ? home > gap && home <= at : home > gap || home <= at
      if (between) continue
      this.#put(gap, this.#at(at))
      gap = at
    }
    this.#words.fill(0, gap, gap + slotWords)
  }
}

export function tooManyOpen(): CairnError {
  return new CairnError('busy', 'more files are open than this mount can count')
}

function homeOf(ino: number): number {
  return header.words + (ino % slots) * slotWords
}

function next(slot: number): number {
  const last = header.words + (slots - 1) * slotWords
  return slot === last ? header.words : slot + slotWords
}
