import { CairnError } from '../../base/errors.ts'
import type { Fingerprint } from './inode-fingerprint.ts'
import type { InodeDetails, InodeKey } from './inode-key.ts'
import { bucketAt, field, flag, header, recordAt } from './inode-memory.ts'
import type { InodeRecords } from './inode-records.ts'

const twoTo32 = 2 ** 32

/**
 * Birth, rest and reuse of records. One is idle when nothing refers to it: no look-up, no directory
 * below. Idle ones queue, longest first, and may wake again in the queue: those are passed over when
 * their turn comes. All of it needs the table's lock.
 */
export class InodeLives {
  readonly #records: InodeRecords
  readonly #idleInodes: number

  /** `idleInodes`: so many stay known before the longest idle gives its record to a new one. */
  constructor(records: InodeRecords, idleInodes: number) {
    this.#records = records
    this.#idleInodes = idleInodes
  }

  /** A record of the key with no look-up yet. Throws `no-space`, `unsupported`; then nothing changed. */
  insert(key: InodeKey, print: Fingerprint, details: InodeDetails): number {
    if (key.parent !== 0) this.#change(key.parent, field.children, 1)
    try {
      this.#records.reserveIdentity(key.identity)
      const index = this.#take()
      this.#fill(index, key, print, details)
      return index
    } catch (error) {
      if (key.parent !== 0) this.#change(key.parent, field.children, -1)
      throw error
    }
  }

  hold(index: number): void {
    this.#change(index, field.lookups, 1)
  }

  release(index: number, lookups: number): void {
    const held = this.#records.words[recordAt(index) + field.lookups] as number
    this.#change(index, field.lookups, -Math.min(lookups, held))
    this.#restIfIdle(index)
  }

  #change(index: number, word: number, by: number): void {
    const at = recordAt(index) + word
    this.#records.words[at] = (this.#records.words[at] as number) + by
  }

  #isIdle(index: number): boolean {
    const at = recordAt(index)
    return (
      this.#records.words[at + field.lookups] === 0 &&
      this.#records.words[at + field.children] === 0
    )
  }

  #take(): number {
    if ((this.#records.words[header.idleLength] as number) >= this.#idleInodes) {
      const index = this.#reuse(this.#idleInodes)
      if (index !== 0) return index
    }
    try {
      return this.#records.takeFresh()
    } catch (error) {
      return this.#reuse(1) || raise(error)
    }
  }

  /** The longest idle record, emptied, if the queue is at least so long; else 0. */
  #reuse(length: number): number {
    const { words } = this.#records
    while ((words[header.idleLength] as number) >= length && words[header.idleLength] !== 0) {
      const index = this.#shift()
      if (!this.#isIdle(index)) continue
      this.#empty(index)
      return index
    }
    return 0
  }

  #empty(index: number): void {
    const { words } = this.#records
    const at = recordAt(index)
    this.#unchain(index)
    this.#records.releaseIdentity(index)
    words[at + field.mode] = 0
    words[header.known] = (words[header.known] as number) - 1
    const parent = words[at + field.parent] as number
    if (parent === 0) return
    this.#change(parent, field.children, -1)
    this.#restIfIdle(parent)
  }

  #unchain(index: number): void {
    const { words } = this.#records
    const at = recordAt(index)
    let link = bucketAt(words[at + field.hash] as number)
    while (words[link] !== index) {
      if (words[link] === 0) throw new CairnError('io', `inode ${index} is not in its chain`)
      link = recordAt(words[link] as number) + field.chain
    }
    words[link] = words[at + field.chain] as number
  }

  #fill(index: number, key: InodeKey, print: Fingerprint, details: InodeDetails): void {
    const { words } = this.#records
    const at = recordAt(index)
    const bucket = bucketAt(print.hash)
    const version = key.cidVersion === 1 ? flag.cidVersion1 : 0
    words[at + field.mode] =
      details.mode |
      version |
      (key.kind << flag.kindShift) |
      (key.identity.length << flag.lengthShift)
    words[at + field.lookups] = 0
    words[at + field.children] = 0
    words[at + field.hash] = print.hash
    words[at + field.sizeLow] = details.size
    words[at + field.sizeHigh] = Math.floor(details.size / twoTo32)
    words[at + field.mtimeLow] = details.mtimeSeconds
    words[at + field.mtimeHigh] = Math.floor(details.mtimeSeconds / twoTo32)
    words[at + field.mtimeNanoseconds] = details.mtimeNanoseconds
    words[at + field.codec] = key.codec
    words[at + field.parent] = key.parent
    words[at + field.nameHash] = print.nameHash
    words[at + field.nameHash2] = print.nameHash2
    this.#records.setIdentity(index, key.identity)
    words[at + field.chain] = words[bucket] as number
    words[bucket] = index
    words[header.known] = (words[header.known] as number) + 1
  }

  #restIfIdle(index: number): void {
    const { words } = this.#records
    const at = recordAt(index)
    if (!this.#isIdle(index) || ((words[at + field.mode] as number) & flag.idle) !== 0) return
    words[at + field.mode] = (words[at + field.mode] as number) | flag.idle
    words[at + field.idleNext] = 0
    const tail = words[header.idleTail] as number
    words[tail === 0 ? header.idleHead : recordAt(tail) + field.idleNext] = index
    words[header.idleTail] = index
    words[header.idleLength] = (words[header.idleLength] as number) + 1
  }

  #shift(): number {
    const { words } = this.#records
    const index = words[header.idleHead] as number
    const at = recordAt(index)
    const next = words[at + field.idleNext] as number
    words[header.idleHead] = next
    if (next === 0) words[header.idleTail] = 0
    words[header.idleLength] = (words[header.idleLength] as number) - 1
    words[at + field.mode] = (words[at + field.mode] as number) & ~flag.idle
    return index
  }
}

function raise(error: unknown): never {
  throw error
}
