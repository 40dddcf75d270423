import { CairnError } from '../../base/errors.ts'
import { WriteLock } from '../../base/write-lock.ts'
import type { Attributes, Ino } from '../api.ts'
import { type Fingerprint, fingerprint } from './inode-fingerprint.ts'
import {
  type InodeDetails,
  type InodeIdentity,
  type InodeKey,
  type InodeKind,
  inodeKind,
  type Owner,
  rootIno
} from './inode-key.ts'
import { InodeLives } from './inode-lives.ts'
import {
  bucketAt,
  createInodeMemory,
  field,
  flag,
  header,
  type InodeMemory,
  recordAt
} from './inode-memory.ts'
import { InodeRecords } from './inode-records.ts'

/** So many forgotten inodes stay known: a second look finds the same numbers without a look-up in the store. */
const defaultIdleInodes = 131_072

export interface InodeTableOptions {
  /** Of a table made elsewhere in this process, to share it; a new one by default. */
  readonly memory?: InodeMemory
  readonly idleInodes?: number
}

const modeMask = 0xffff
const sortMask = (flag.kindMask << flag.kindShift) | flag.cidVersion1
const twoTo32 = 2 ** 32

/**
 * The inodes the kernel (or another door) knows of a frozen tree, in memory shared by all threads
 * that answer for it: one may answer the LOOKUP, another the READ. 96 bytes an inode.
 *
 * An inode lives while it is looked up or a directory below it lives. After that it is idle: its
 * number is given to another only when many were forgotten after it, so it is found again by the
 * same number, as programs that walk a tree for long expect, and with what `stat` shows of it.
 *
 * What is written in a record stays as it is until the record is given away, so whoever holds a
 * look-up reads it without the lock.
 */
export class InodeTable {
  /** Hand it to a worker's `new InodeTable({ memory })`. */
  readonly memory: InodeMemory
  readonly #records: InodeRecords
  readonly #lives: InodeLives
  readonly #lock: WriteLock
  readonly #seed: number

  constructor(options: InodeTableOptions = {}) {
    this.memory = options.memory ?? createInodeMemory()
    this.#records = new InodeRecords(this.memory)
    this.#lock = new WriteLock(this.memory.lock, Number.POSITIVE_INFINITY)
    this.#lives = new InodeLives(this.#records, options.idleInodes ?? defaultIdleInodes)
    this.#seed = this.#records.words[header.seed] as number
    this.#locked(() => this.#makeRoot())
  }

  #makeRoot(): void {
    const { words } = this.#records
    if (words[header.known] !== 0) return
    const at = recordAt(this.#records.takeFresh())
    words[at + field.mode] = 0o040555 | (inodeKind.catalogDirectory << flag.kindShift)
    words[at + field.lookups] = 1
    words[at + field.parent] = rootIno
    words[header.known] = 1
  }

  #locked<T>(work: () => T): T {
    this.#lock.acquire()
    try {
      this.#records.renew()
      return work()
    } finally {
      this.#lock.release()
    }
  }

  /** The inode of a key, with one look-up counted; 0 if it is not known. */
  find(key: InodeKey): Ino {
    const print = fingerprint(this.#seed, key)
    return this.#locked(() => {
      const index = this.#search(key, print)
      if (index !== 0) this.#lives.hold(index)
      return index
    })
  }

  /** The inode of a key, made if it is not known, with one look-up counted. Throws `not-found` (no such parent), `no-space`, `unsupported`. */
  add(key: InodeKey, details: InodeDetails): Ino {
    const print = fingerprint(this.#seed, key)
    return this.#locked(() => {
      if (key.parent !== 0) this.#at(key.parent)
      const index = this.#search(key, print) || this.#lives.insert(key, print, details)
      this.#lives.hold(index)
      return index
    })
  }

  /** `lookups` fewer are counted. An inode not known is passed over. */
  forget(ino: Ino, lookups: number): void {
    if (ino === rootIno) return
    this.#locked(() => {
      if (this.#used(ino) !== undefined) this.#lives.release(ino, lookups)
    })
  }

  mode(ino: Ino): number {
    return (this.#records.words[this.#at(ino) + field.mode] as number) & modeMask
  }

  kind(ino: Ino): InodeKind {
    return (((this.#records.words[this.#at(ino) + field.mode] as number) >>> flag.kindShift) &
      flag.kindMask) as InodeKind
  }

  /** The directory it was found in; of files and symlinks, which have many places, the root. */
  parent(ino: Ino): Ino {
    return this.#records.words[this.#at(ino) + field.parent] || rootIno
  }

  identity(ino: Ino): InodeIdentity {
    const at = this.#at(ino)
    const bits = this.#records.words[at + field.mode] as number
    return {
      kind: ((bits >>> flag.kindShift) & flag.kindMask) as InodeKind,
      identity: this.#records.identity(ino),
      codec: this.#records.words[at + field.codec] as number,
      cidVersion: (bits & flag.cidVersion1) === 0 ? 0 : 1
    }
  }

  attributes(ino: Ino, owner: Owner): Attributes {
    const at = this.#at(ino)
    const { words } = this.#records
    const seconds =
      ((words[at + field.mtimeHigh] as number) | 0) * twoTo32 +
      (words[at + field.mtimeLow] as number)
    const nanoseconds = words[at + field.mtimeNanoseconds] as number
    return {
      ino,
      mode: (words[at + field.mode] as number) & modeMask,
      links: 1,
      uid: owner.uid,
      gid: owner.gid,
      rdev: 0,
      size:
        (words[at + field.sizeHigh] as number) * twoTo32 + (words[at + field.sizeLow] as number),
      atimeSeconds: seconds,
      atimeNanoseconds: nanoseconds,
      mtimeSeconds: seconds,
      mtimeNanoseconds: nanoseconds,
      ctimeSeconds: seconds,
      ctimeNanoseconds: nanoseconds
    }
  }

  /** Visits, at one moment, the inodes that somebody looked up and did not forget since. It may ask nothing of the table that counts look-ups. */
  living(visit: (ino: Ino) => void): void {
    this.#locked(() => {
      const { words } = this.#records
      for (let ino = rootIno + 1; ino < (words[header.fresh] as number); ino++) {
        const at = this.#used(ino)
        if (at !== undefined && words[at + field.lookups] !== 0) visit(ino)
      }
    })
  }

  /** Inodes known, idle ones and the root included. */
  get known(): number {
    return this.#records.words[header.known] as number
  }

  /** The record of an inode in use, or undefined. */
  #used(ino: Ino): number | undefined {
    const at = Number.isSafeInteger(ino) ? this.#records.locate(ino) : undefined
    if (at === undefined) return undefined
    return (((this.#records.words[at + field.mode] as number) >>> flag.kindShift) &
      flag.kindMask) ===
      0
      ? undefined
      : at
  }

  #at(ino: Ino): number {
    const at = this.#used(ino)
    if (at !== undefined) return at
    throw new CairnError(
      'not-found',
      `inode ${ino} is not known: it was forgotten, look it up again`
    )
  }

  #search(key: InodeKey, print: Fingerprint): number {
    const { words } = this.#records
    const sort = (key.kind << flag.kindShift) | (key.cidVersion === 1 ? flag.cidVersion1 : 0)
    for (
      let index = words[bucketAt(print.hash)] as number;
      index !== 0;
      index = words[recordAt(index) + field.chain] as number
    ) {
      const at = recordAt(index)
      if (
        words[at + field.hash] === print.hash &&
        words[at + field.codec] === key.codec &&
        words[at + field.parent] === key.parent &&
        words[at + field.nameHash] === print.nameHash &&
        words[at + field.nameHash2] === print.nameHash2 &&
        ((words[at + field.mode] as number) & sortMask) === sort &&
        this.#records.hasIdentity(index, key.identity)
      ) {
        return index
      }
    }
    return 0
  }
}
