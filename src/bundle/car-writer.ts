import { createHash, type Hash } from 'node:crypto'
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { encode as encodeCbor } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import type { Multihash } from '../base/blocks.ts'
import { encodeHead, encodeVarint } from '../base/car.ts'
import { toCairnError } from '../base/errors.ts'
import type { BundleFile } from './api.ts'

/** Bytes gathered for one system call. */
const gatherBytes = 1024 * 1024

/**
 * Writes blocks into CARs of at most `splitBytes` each, in the order they come.
 * https://ipld.io/specs/transport/car/carv1/
 */
export class CarWriter {
  readonly #folder: string
  readonly #roots: readonly CID[]
  readonly #splitBytes: number
  readonly #finished: BundleFile[] = []
  #current: FileWriter | undefined

  constructor(folder: string, roots: readonly CID[], splitBytes: number) {
    this.#folder = folder
    this.#roots = roots
    this.#splitBytes = splitBytes
  }

  add(code: number, multihash: Multihash, bytes: Uint8Array): void {
    const head = encodeHead(code, multihash, bytes.byteLength)
    const record = head.byteLength + bytes.byteLength
    const isFull = (this.#current?.bytes ?? 0) + record > this.#splitBytes
    if (this.#current !== undefined && isFull) this.#end()
    this.#current ??= this.#begin()
    this.#current.write(head)
    this.#current.write(bytes)
  }

  #begin(): FileWriter {
    const number = String(this.#finished.length + 1).padStart(4, '0')
    const file = new FileWriter(this.#folder, `part-${number}.car`)
    const header = encodeCbor({ roots: [...this.#roots], version: 1 })
    file.write(encodeVarint(header.byteLength))
    file.write(header)
    return file
  }

  #end(): void {
    if (this.#current !== undefined) this.#finished.push(this.#current.finish())
    this.#current = undefined
  }

  /** The files, each whole and on the disk. */
  finish(): BundleFile[] {
    this.#end()
    return this.#finished
  }

  /** Closes what is open; nothing more is written. */
  close(): void {
    this.#current?.close()
  }
}

/** A file that has its name only when it is whole and on the disk. */
export class FileWriter {
  readonly #path: string
  readonly #name: string
  readonly #file: number
  readonly #hash: Hash = createHash('sha256')
  #pieces: Uint8Array[] = []
  #gathered = 0
  bytes = 0

  constructor(folder: string, name: string) {
    this.#name = name
    this.#path = join(folder, name)
    try {
      this.#file = openSync(`${this.#path}.part`, 'w', 0o644)
    } catch (cause) {
      throw toCairnError(cause, `cannot write ${this.#path}`)
    }
  }

  /** The bytes may be used again afterwards. */
  write(bytes: Uint8Array): void {
    this.#pieces.push(Uint8Array.from(bytes))
    this.#gathered += bytes.byteLength
    this.bytes += bytes.byteLength
    if (this.#gathered >= gatherBytes) this.#flush()
  }

  #flush(): void {
    const all = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#gathered = 0
    this.#hash.update(all)
    try {
      for (let at = 0; at < all.byteLength; ) at += writeSync(this.#file, all, at)
    } catch (cause) {
      throw toCairnError(cause, `cannot write ${this.#path}`)
    }
  }

  finish(): BundleFile {
    this.#flush()
    try {
      fsyncSync(this.#file)
      closeSync(this.#file)
      renameSync(`${this.#path}.part`, this.#path)
    } catch (cause) {
      throw toCairnError(cause, `cannot write ${this.#path}`)
    }
    return { file: this.#name, bytes: this.bytes, sha256: this.#hash.digest('hex') }
  }

  close(): void {
    closeSync(this.#file)
  }
}
