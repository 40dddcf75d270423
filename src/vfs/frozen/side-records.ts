import { type Multihash, multihashKey } from '../../base/blocks.ts'
import type { Name } from '../../base/names.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import { LruCache } from '../../unixfs/lru-cache.ts'
import {
  type Device,
  findSideRecord,
  listSideRecords,
  type NodeFacts,
  readSideRecord
} from '../../unixfs/side-record.ts'
import { fileType } from '../api.ts'

/** A sha2-256 multihash, as all records are stored under. */
const recordBytes = 34
/** Most entries of an image share a few records. */
const heldBytes = 1 << 20
const factsBytes = 300

const none: ReadonlyMap<Name, Multihash> = new Map()

/** One thread's view of side records: what was read lately is kept. */
export class SideRecords {
  readonly #reader: UnixfsReader
  readonly #facts = new LruCache<NodeFacts>(heldBytes)

  /** Of the directory listed last: a listing comes in many parts. */
  #listed: { readonly key: string; readonly records: ReadonlyMap<Name, Multihash> } | undefined

  constructor(reader: UnixfsReader) {
    this.#reader = reader
  }

  find(directory: Multihash | undefined, name: Name): Multihash | undefined {
    return directory === undefined ? undefined : findSideRecord(this.#reader, directory, name)
  }

  /** Of all entries of a directory. */
  list(directory: Multihash | undefined): ReadonlyMap<Name, Multihash> {
    if (directory === undefined) return none
    const key = multihashKey(directory)
    if (this.#listed?.key !== key) {
      this.#listed = { key, records: listSideRecords(this.#reader, directory) }
    }
    return this.#listed.records
  }

  facts(record: Multihash): NodeFacts {
    const key = multihashKey(record)
    const known = this.#facts.get(key)
    if (known !== undefined) return known
    const facts = readSideRecord(this.#reader, record)
    let bytes = factsBytes
    for (const [name, value] of facts.xattrs ?? []) bytes += 2 * name.length + value.length
    this.#facts.set(key, facts, bytes)
    return facts
  }
}

/**
 * What an inode of described content goes by: equal bytes that belong to others, or carry other
 * attributes, are other inodes.
 */
export function describedIdentity(content: Multihash, record: Multihash): Uint8Array {
  const identity = new Uint8Array(content.length + recordBytes)
  identity.set(content)
  identity.set(record, content.length)
  return identity
}

export function splitDescribed(identity: Uint8Array): { content: Multihash; record: Multihash } {
  const length = identity.length - recordBytes
  return { content: identity.subarray(0, length), record: identity.subarray(length) }
}

const deviceTypes: Readonly<Record<Device['type'], number>> = {
  character: fileType.character,
  block: fileType.block,
  fifo: fileType.fifo
}

export function deviceType({ type }: Device): number {
  return deviceTypes[type]
}

/** As Linux packs it into 32 bits: 12 of the major number, 20 of the minor. */
export function deviceNumber({ major, minor }: Device): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0
}
