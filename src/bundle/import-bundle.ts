import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join, parse, resolve } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { makeCid } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { algorithmOf, Digester } from '../base/digest.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { toName } from '../base/names.ts'
import type { Names, Taken } from '../names/api.ts'
import { parseRecordValue } from '../names/record-value.ts'
import { type Carried, CarriedTaker } from '../pull/carry.ts'
import {
  bytesOfHosted,
  type HostedBytes,
  type HostedRow,
  takeHosted
} from '../pull/carry-hosted.ts'
import type { Roots } from '../roots/api.ts'
import type { BlockStore } from '../store/api.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import type { BundleFile, BundleIndex, BundleName, ImportReport, OnProgress } from './api.ts'
import { readIndex } from './bundle-index.ts'
import { decodeCarried } from './carried-line.ts'
import { readCar, readCarRoots } from './read-car.ts'
import { readLines } from './read-lines.ts'

/** Work between two turns of the event loop, and what a kill costs to do again. */
const breathBytes = 16 * 1024 * 1024
const durableBytes = 256 * 1024 * 1024
const pieceBytes = 1024 * 1024

export interface ImportOptions {
  readonly store: BlockStore
  readonly reader: UnixfsReader
  readonly database: Database
  readonly roots: Roots
  readonly names: Names
  readonly clock: Clock
  readonly folder: string
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

/**
 * Takes a bundle in, or a CAR of any IPFS program, whose roots are pinned: every block verified, all that it names found whole, then names, pins and catalog in
 * one transaction. What was stored before it broke off stays, and is not stored again. Throws `corrupt`
 * and `mismatch`, naming file and block; `missing` if it was made for somebody who has more.
 */
export async function importBundle(options: ImportOptions): Promise<ImportReport> {
  const isCar = statSync(options.folder, { throwIfNoEntry: false })?.isFile() === true
  if (!isCar) return await new Importer(options, readIndex(options.folder)).run()
  const { dir, base } = parse(resolve(options.folder))
  return await new Importer({ ...options, folder: dir }, indexOfCar(options.folder, base)).run()
}

/** A CAR by itself, as a bundle of one file. */
function indexOfCar(path: string, file: string): BundleIndex {
  const roots = readCarRoots(path).map(cid => ({ label: file, cid: cid.toString() }))
  const cars = [{ file, bytes: statSync(path).size, sha256: undefined }]
  return { version: 1, createdMs: 0, roots, names: [], cars, catalog: undefined, holds: [] }
}

type CarriedEntry = Carried | HostedRow

/** The bytes that clients will compare with digests. */
function contentOf(entry: CarriedEntry): HostedBytes | undefined {
  if (entry.kind === 'hosted') return bytesOfHosted(entry)
  return entry.kind === 'item' ? entry.item : undefined
}

class Importer {
  readonly #options: ImportOptions
  readonly #index: BundleIndex
  #blocks = 0
  #newBlocks = 0
  #bytes = 0
  #sinceBreath = 0
  #sinceDurable = 0

  constructor(options: ImportOptions, index: BundleIndex) {
    this.#options = options
    this.#index = index
  }

  async run(): Promise<ImportReport> {
    const { folder, store, database } = this.#options
    const { cars, catalog, roots, names } = this.#index
    for (const file of [...cars, ...(catalog === undefined ? [] : [catalog])]) {
      checkLength(folder, file)
    }
    for (const { file, sha256 } of cars) await this.#takeCar(join(folder, file), sha256)
    store.flush({ durable: true })
    for (const { cid } of [...roots, ...names]) await this.#checkWhole(CID.parse(cid))
    const carried = catalog === undefined ? [] : await this.#readCatalog(catalog)
    const outcomes = database.write(
      () => ({ names: this.#takeNames(), packages: this.#takeRest(carried) }),
      { durable: true }
    )
    return {
      blocks: this.#blocks,
      bytes: this.#bytes,
      newBlocks: this.#newBlocks,
      roots,
      ...outcomes
    }
  }

  async #takeCar(path: string, sha256: string | undefined): Promise<void> {
    const { store } = this.#options
    for (const { cid, bytes, position } of readCar(path, sha256)) {
      if (!store.has(cid.multihash.bytes)) this.#newBlocks++
      try {
        store.put(cid, bytes)
      } catch (cause) {
        const { code, message } = toCairnError(cause)
        throw new CairnError(
          code,
          `${path}, byte ${position}: ${message}; nothing of it was taken`,
          {
            cause
          }
        )
      }
      this.#blocks++
      this.#bytes += bytes.byteLength
      await this.#breathe(bytes.byteLength)
    }
  }

  async #breathe(bytes: number): Promise<void> {
    this.#sinceBreath += bytes
    this.#sinceDurable += bytes
    if (this.#sinceBreath < breathBytes) return
    this.#sinceBreath = 0
    if (this.#sinceDurable >= durableBytes) {
      this.#sinceDurable = 0
      this.#options.store.flush({ durable: true })
    }
    this.#options.onProgress({ blocks: this.#blocks, bytes: this.#bytes })
    await turn()
    this.#options.signal.throwIfAborted()
  }

  async #checkWhole(cid: CID): Promise<void> {
    try {
      for (const _ of this.#options.reader.walk(cid)) await this.#breathe(64)
    } catch (cause) {
      const error = toCairnError(cause)
      if (error.code !== 'missing') throw error
      throw new CairnError(
        'missing',
        `${cid} is not whole: ${error.message}; the bundle was made for a machine that has more`,
        { cause }
      )
    }
  }

  async #readCatalog(file: BundleFile): Promise<CarriedEntry[]> {
    const path = join(this.#options.folder, file.file)
    const hash = createHash('sha256')
    const carried: CarriedEntry[] = []
    try {
      const lines = readLines(path, bytes => hash.update(bytes))
      for await (const line of lines) carried.push(decodeCarried(line))
    } catch (cause) {
      throw new CairnError(toCairnError(cause).code, `${path}: ${toCairnError(cause).message}`, {
        cause
      })
    }
    if (hash.digest('hex') !== file.sha256) {
      throw new CairnError('corrupt', `${path} is not what the index says: copy it again`)
    }
    for (const entry of carried) {
      const content = contentOf(entry)
      if (content !== undefined) await this.#checkContent(content)
    }
    return carried
  }

  /** The content has the digests that clients will compare it with. */
  async #checkContent({ key, cid, bytes, digests }: HostedBytes): Promise<void> {
    await this.#checkWhole(cid)
    const digester = new Digester(digests.map(algorithmOf))
    const piece = new Uint8Array(pieceBytes)
    let at = 0
    for (;;) {
      const read = this.#options.reader.readFile(cid.code, cid.multihash.bytes, piece, at)
      if (read === 0) break
      digester.update(piece.subarray(0, read))
      at += read
      await this.#breathe(read)
    }
    const found = digester.finish()
    const isRight = at === bytes && found.every((digest, index) => digest === digests[index])
    if (!isRight || !digests.some(digest => /^sha(256|512):/.test(digest))) {
      throw new CairnError('mismatch', `${key} is not what its entry in the catalog says`)
    }
  }

  /** Inside the transaction. A name nobody followed here is followed from now on. */
  #takeNames(): ImportReport['names'] {
    return this.#index.names.map(each => ({ name: each.name, outcome: this.#takeName(each) }))
  }

  #takeName({ name, cid, record }: BundleName): Taken {
    const { names } = this.#options
    const isOwn = names.keys.find(name) !== undefined
    if (!isOwn) {
      const followed = names.follows().some(each => each.name === name || each.target === name)
      if (!followed) names.follow(name, { whole: false })
    }
    const taken = names.take(name, record, { late: true })
    const follow = names.follows().find(each => each.name === name)
    const held = names.record(name)
    if (taken === 'newer' && follow !== undefined && held !== undefined) {
      const content = CID.parse(cid)
      this.#checkSays(held.value, content, name)
      names.refreshed.stand(follow.target, content, `bundle, record ${held.sequence}`)
    }
    return taken
  }

  /** The record is signed, the index is not. */
  #checkSays(value: string, cid: CID, name: string): void {
    const target = parseRecordValue(value)
    const parts = target.kind === 'content' ? target.path.map(toName) : []
    let at = target.kind === 'content' ? target.cid : undefined
    for (const part of parts) {
      const link = at && this.#options.reader.lookup(at.code, at.multihash.bytes, part)
      at = link && makeCid(link.codec, link.multihash, link.cidVersion)
    }
    if (at !== undefined && isSame(at, cid)) return
    throw new CairnError(
      'mismatch',
      `the index says that ${name} is at ${cid}, its record ${value}`
    )
  }

  /** Inside the transaction: pins, and what of the catalog is newer than here. */
  #takeRest(carried: readonly CarriedEntry[]): ImportReport['packages'] {
    const { roots, database, clock } = this.#options
    for (const { cid, label } of this.#index.roots) {
      roots.pin(CID.parse(cid), { label: `bundle ${label}` })
    }
    const taker = new CarriedTaker(database, clock.nowMs())
    const hosted = carried.filter(each => each.kind === 'hosted')
    const cached = carried.filter(each => each.kind !== 'hosted')
    const taken =
      cached.filter(each => taker.take(each)).length + takeHosted(database, hosted, clock.nowMs())
    taker.finish()
    return { taken, older: carried.length - taken }
  }
}

/** Version 0 and 1 of one CID are one content. */
function isSame(one: CID, other: CID): boolean {
  return one.code === other.code && Buffer.compare(one.multihash.bytes, other.multihash.bytes) === 0
}

/** A copy that was cut off is told at once, not after an hour. */
function checkLength(folder: string, { file, bytes }: BundleFile): void {
  const path = join(folder, file)
  const found = statSync(path, { throwIfNoEntry: false })?.size
  if (found === bytes) return
  const state = found === undefined ? 'is not there' : `has ${found} bytes`
  throw new CairnError('corrupt', `${path} ${state}, the index says ${bytes}: copy it again`)
}
