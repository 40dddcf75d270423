import { closeSync, constants, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import type { SQLInputValue } from 'node:sqlite'
import { crc32 } from 'node:zlib'

/** A statement with what was bound to it. */
export interface RedoStatement {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

/** Length of what follows the checksum, checksum, group, place in the group: each 32 bits, little endian. */
const headerBytes = 16
/** Up to this size a transaction is recorded. */
const recordBytes = 256 * 1024
/** Before each value; booleans and big integers are nowhere bound. */
const tag = { null: 0, number: 1, text: 2, blob: 3 } as const

/**
 * What transactions that SQLite commits together wrote, each as one record of its statements: so they
 * can be run again if the process ends before the commit. A record is one write(2), which outlives
 * the process in the page cache as a commit does; it is never synchronised, and need not be: what a
 * power cut leaves of it is read up to the first record that is not whole.
 *
 * The file is written from its start for each group. A record names its group, by the number that the database
 * has before the group is committed: records of a group that was committed are those of another number.
 */
export class RedoLog {
  readonly #path: string
  readonly #record = Buffer.alloc(recordBytes)
  readonly #view = new DataView(this.#record.buffer, this.#record.byteOffset, recordBytes)
  /** Texts of this group's records, by the order in which they were first written. */
  readonly #texts = new Map<string, number>()
  #written = 0
  #file: number | undefined
  #group = 0
  #count = 0
  /** Where the next record begins in the file. */
  #position = 0
  /** Where the next byte goes in the record that is being made. */
  #end = headerBytes
  #whole = true

  constructor(path: string) {
    this.#path = path
  }

  /** The next record is the group's first. `group`: 32 bits. */
  begin(group: number): void {
    this.#file ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600)
    this.#group = group
    this.#count = 0
    this.#position = 0
    this.#texts.clear()
    this.#written = 0
    this.drop()
  }

  /** Bytes of this group's records. */
  get bytes(): number {
    return this.#position
  }

  /** True if the record that is being made holds a statement. */
  get noted(): boolean {
    return this.#end > headerBytes || !this.#whole
  }

  /** False if the record cannot say what was written: it is too large, or not all of it stands. */
  get whole(): boolean {
    return this.#whole
  }

  /** The record that is being made does not say what was written. */
  spoil(): void {
    this.#whole = false
  }

  /** Adds a statement to the record that is being made. */
  note(sql: string, values: readonly unknown[]): void {
    this.#whole &&= this.#noteText(sql) && this.#noteValues(values)
  }

  /** A number, and at its first use in the group the text. */
  #noteText(sql: string): boolean {
    const known = this.#texts.get(sql)
    if (this.#end + 6 + (known === undefined ? sql.length * 3 : 0) > recordBytes) return false
    const number = known ?? this.#texts.size
    this.#view.setUint16(this.#end, number, true)
    this.#end += 2
    if (known !== undefined) return true
    this.#texts.set(sql, number)
    this.#noteBytes(Buffer.from(sql))
    return true
  }

  #noteValues(values: readonly unknown[]): boolean {
    if (this.#end + 2 + values.length * 9 > recordBytes) return false
    this.#view.setUint16(this.#end, values.length, true)
    this.#end += 2
    for (const value of values) if (!this.#noteValue(value)) return false
    return true
  }

  #noteValue(value: unknown): boolean {
    if (this.#end + 9 > recordBytes) return false
    if (typeof value === 'number') {
      this.#record[this.#end] = tag.number
      this.#view.setFloat64(this.#end + 1, value, true)
      this.#end += 9
      return true
    }
    if (value === null) {
      this.#record[this.#end++] = tag.null
      return true
    }
    const kind = typeof value === 'string' ? tag.text : tag.blob
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    if (!(bytes instanceof Uint8Array)) return false
    if (this.#end + 5 + bytes.byteLength > recordBytes) return false
    this.#record[this.#end++] = kind
    this.#noteBytes(bytes)
    return true
  }

  #noteBytes(bytes: Uint8Array): void {
    this.#view.setUint32(this.#end, bytes.byteLength, true)
    this.#record.set(bytes, this.#end + 4)
    this.#end += 4 + bytes.byteLength
  }

  /** Forgets the record that is being made. */
  drop(): void {
    this.#end = headerBytes
    this.#whole = true
    if (this.#texts.size === this.#written) return
    for (const [text, number] of this.#texts) if (number >= this.#written) this.#texts.delete(text)
  }

  /** Writes the record: from now it outlives the process. Throws as `node:fs` does. */
  append(): void {
    const end = this.#end
    this.#view.setUint32(0, end - 8, true)
    this.#view.setUint32(8, this.#group, true)
    this.#view.setUint32(12, this.#count, true)
    this.#view.setUint32(4, crc32(this.#record.subarray(8, end)), true)
    for (let done = 0; done < end; ) {
      done += writeSync(this.#file!, this.#record, done, end - done, this.#position + done)
    }
    this.#position += end
    this.#count++
    this.#written = this.#texts.size
    this.drop()
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
  }
}

/** The statements of a group's records, in order; none if there is no such file. */
export function readRedo(path: string, group: number): RedoStatement[] {
  try {
    return isOf(path, group) ? parseRedo(readFileSync(path), group) : []
  } catch (cause) {
    if ((cause as { code?: unknown }).code === 'ENOENT') return []
    throw cause
  }
}

/** By the first record: the file may have megabytes. */
function isOf(path: string, group: number): boolean {
  const header = Buffer.alloc(headerBytes)
  const file = openSync(path, constants.O_RDONLY)
  try {
    return readSync(file, header) === headerBytes && header.readUInt32LE(8) === group
  } finally {
    closeSync(file)
  }
}

/** Reads up to the first record that is not whole, or not the group's next. */
export function parseRedo(bytes: Buffer, group: number): RedoStatement[] {
  const texts: string[] = []
  const statements: RedoStatement[] = []
  for (let at = 0, count = 0; at + headerBytes <= bytes.length; count++) {
    const end = at + 8 + bytes.readUInt32LE(at)
    if (end < at + headerBytes || end > bytes.length) break
    const checked = bytes.subarray(at + 8, end)
    if (bytes.readUInt32LE(at + 8) !== group || bytes.readUInt32LE(at + 12) !== count) break
    if (bytes.readUInt32LE(at + 4) !== crc32(checked)) break
    statements.push(...statementsOf(checked.subarray(8), texts))
    at = end
  }
  return statements
}

/** Of a record whose checksum is right. */
function statementsOf(record: Buffer, texts: string[]): RedoStatement[] {
  const statements: RedoStatement[] = []
  let at = 0
  const take = (bytes: number): number => {
    at += bytes
    return at - bytes
  }
  const takeBytes = (): Buffer => {
    const length = record.readUInt32LE(take(4))
    return Buffer.from(record.subarray(take(length), at))
  }
  const takeValue = (): SQLInputValue => {
    switch (record[take(1)]) {
      case tag.number:
        return record.readDoubleLE(take(8))
      case tag.text:
        return takeBytes().toString()
      case tag.blob:
        return takeBytes()
      default:
        return null
    }
  }
  while (at < record.length) {
    const number = record.readUInt16LE(take(2))
    if (number === texts.length) texts.push(takeBytes().toString())
    const sql = texts[number] ?? ''
    const values = Array.from({ length: record.readUInt16LE(take(2)) }, takeValue)
    statements.push({ sql, values })
  }
  return statements
}
