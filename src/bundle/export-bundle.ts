import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { type Multihash, multihashKey } from '../base/blocks.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { type Carried, carriedBelow } from '../pull/carry.ts'
import { bytesOfHosted, type HostedRow, hostedBelow } from '../pull/carry-hosted.ts'
import type { BlockStore } from '../store/api.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import type { BundleFile, BundleIndex, BundleName, BundleRoot, OnProgress } from './api.ts'
import { encodeIndex, indexFile } from './bundle-index.ts'
import { CarWriter, FileWriter } from './car-writer.ts'
import { encodeCarried } from './carried-line.ts'

/** Work between two turns of the event loop. */
const breathBytes = 16 * 1024 * 1024

export interface ExportOptions {
  readonly store: BlockStore
  readonly reader: UnixfsReader
  readonly database: Database
  readonly clock: Clock
  readonly folder: string
  readonly roots: readonly BundleRoot[]
  readonly names: readonly BundleName[]
  /** Keys of the catalog with all below them; '' for everything. */
  readonly packages: readonly string[]
  /** DAGs that the other side has whole. */
  readonly have: readonly CID[]
  readonly splitBytes: number
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

/**
 * Writes a bundle of what the other side lacks into a folder that has none yet. Throws `exists`, `missing`
 * for content that is not whole here, `no-space`. What is left of one that broke off is written over.
 */
export async function exportBundle(options: ExportOptions): Promise<BundleIndex> {
  const { folder } = options
  try {
    mkdirSync(folder, { recursive: true })
  } catch (cause) {
    throw toCairnError(cause, `cannot make ${folder}`)
  }
  if (existsSync(join(folder, indexFile))) {
    throw new CairnError('exists', `${folder} has a bundle already: choose another folder`)
  }
  const exporter = new Exporter(options)
  try {
    return await exporter.run()
  } finally {
    exporter.close()
  }
}

class Exporter {
  readonly #options: ExportOptions
  readonly #writer: CarWriter
  readonly #seen = new Set<string>()
  #blocks = 0
  #bytes = 0
  #sinceBreath = 0

  constructor(options: ExportOptions) {
    const { folder, roots, names, splitBytes } = options
    this.#options = options
    const cids = [...new Set([...roots, ...names].map(({ cid }) => cid))].map(cid => CID.parse(cid))
    this.#writer = new CarWriter(folder, cids, splitBytes)
  }

  async run(): Promise<BundleIndex> {
    const { clock, folder, have, names, reader, roots } = this.#options
    for (const cid of have) await this.#leaveOut(cid)
    for (const { cid } of [...roots, ...names]) await this.#write(reader.walk(CID.parse(cid)))
    const { catalog, holds } = await this.#writeCatalog()
    const index: BundleIndex = {
      version: 1,
      createdMs: clock.nowMs(),
      roots,
      names,
      cars: this.#writer.finish(),
      catalog,
      holds: [
        ...new Set([...have.map(String), ...[...roots, ...names].map(({ cid }) => cid), ...holds])
      ]
    }
    const file = new FileWriter(folder, indexFile)
    file.write(encodeIndex(index))
    file.finish()
    return index
  }

  /** What the other side has of it is known only as far as it is here. */
  async #leaveOut(cid: CID): Promise<void> {
    try {
      for (const { multihash } of this.#options.reader.walk(cid)) {
        this.#seen.add(multihashKey(multihash))
        await this.#breathe(64)
      }
    } catch (cause) {
      const { code } = toCairnError(cause)
      if (code !== 'missing' && code !== 'unsupported') throw cause
    }
  }

  async #write(blocks: Iterable<{ codec: number; multihash: Multihash }>): Promise<void> {
    for (const { codec, multihash } of blocks) {
      const key = multihashKey(multihash)
      if (this.#seen.has(key) || multihash[0] === 0) continue
      this.#seen.add(key)
      const bytes = this.#options.store.read(multihash)
      this.#writer.add(codec, multihash, bytes)
      this.#blocks++
      this.#bytes += bytes.byteLength
      await this.#breathe(bytes.byteLength)
    }
  }

  async #breathe(bytes: number): Promise<void> {
    this.#sinceBreath += bytes
    if (this.#sinceBreath < breathBytes) return
    this.#sinceBreath = 0
    this.#options.onProgress({ blocks: this.#blocks, bytes: this.#bytes })
    await turn()
    this.#options.signal.throwIfAborted()
  }

  async #writeCatalog(): Promise<{ catalog: BundleIndex['catalog']; holds: string[] }> {
    const { database, folder, packages, reader } = this.#options
    if (packages.length === 0) return { catalog: undefined, holds: [] }
    const file = new FileWriter(folder, 'catalog.jsonl')
    const holds: string[] = []
    let entries = 0
    const all = packages.flatMap(prefix => [
      ...carriedBelow(database, prefix),
      ...hostedBelow(database, prefix)
    ])
    for (const carried of all) {
      const cid = cidOf(carried)
      if (cid !== undefined) {
        await this.#write(reader.walk(cid))
        holds.push(cid.toString())
      }
      file.write(Buffer.from(`${encodeCarried(carried)}\n`))
      entries++
    }
    const written: BundleFile = file.finish()
    if (entries > 0) return { catalog: { ...written, entries }, holds }
    throw new CairnError('not-found', `there are no packages at /pkg/${packages.join(', /pkg/')}`)
  }

  close(): void {
    this.#writer.close()
  }
}

function cidOf(carried: Carried | HostedRow): CID | undefined {
  if (carried.kind === 'hosted') return bytesOfHosted(carried)?.cid
  return carried.kind === 'item' ? carried.item.cid : undefined
}
