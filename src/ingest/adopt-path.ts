import { closeSync, openSync, readSync, type Stats, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { sha256Multihash } from '../base/blocks.ts'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { adoptIfLinked, isMostlyNew, isWasteful, leafTable } from '../store/adoptable.ts'
import type { Adoption, BlockStore } from '../store/api.ts'
import type { Node, Profile, ProfileName } from '../unixfs/api.ts'
import { linkLeaves } from '../unixfs/build-file.ts'
import { Leaves } from '../unixfs/leaves.ts'
import { profiles } from '../unixfs/profiles.ts'
import type { Ingest } from './api.ts'

export interface AdoptOptions {
  readonly profile: ProfileName
  readonly signal?: AbortSignal | undefined
  /** Smaller files are copied; default `limits.adoptedFileBytes`. */
  readonly leastBytes?: number
}

export interface AdoptedFile {
  /** Of the bare bytes. */
  readonly node: Node
  /** Until it is committed the leaves are not here; without one all of it is, durably. */
  readonly adoption: Adoption | undefined
}

/** As 1 / n of those that are looked at: so many may be here already. */
const herePart = 8
/** Chunks that are looked at before the whole file is read for nothing. */
const samples = 8

/**
 * Stores a file that nobody writes to any more and whose name is about to go. A large one that is new
 * becomes a segment as it is; of others what is new is copied, as by `importPath`: of small ones, of sparse ones, of
 * those that are mostly here, and where the profile's leaves are not the file's own bytes. Throws as `importPath`.
 */
export async function adoptPath(
  { ingest, store }: { readonly ingest: Ingest; readonly store: BlockStore },
  path: string,
  options: AdoptOptions
): Promise<AdoptedFile> {
  const profile = profiles[options.profile]
  const adopted = isLargeAndDense(path, profile, options)
    ? await adoptNew(ingest, store, path, profile, options.signal)
    : undefined
  return adopted ?? { node: await copy(ingest, path, options), adoption: undefined }
}

async function copy(ingest: Ingest, path: string, options: AdoptOptions): Promise<Node> {
  const { profile, signal } = options
  const durably = { profile, metadata: false, durable: true, ...(signal && { signal }) }
  return (await ingest.importPath(path, durably)).node
}

function isLargeAndDense(path: string, profile: Profile, options: AdoptOptions): boolean {
  const { leastBytes = limits.adoptedFileBytes } = options
  const { chunker, rawLeaves } = profile
  if (!rawLeaves || chunker.kind !== 'fixed') return false
  const { size, blocks } = statOf(path)
  if (size < leastBytes || size <= chunker.bytes) return false
  return size / chunker.bytes <= limits.adoptedLeaves && !isWasteful(size, blocks * 512)
}

function statOf(path: string): Stats {
  try {
    return statSync(path)
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${path}`)
  }
}

/** Undefined if it is better copied. */
async function adoptNew(
  ingest: Ingest,
  store: BlockStore,
  path: string,
  profile: Profile,
  signal: AbortSignal | undefined
): Promise<AdoptedFile | undefined> {
  if (isHereAlready(store, path, profile)) return undefined
  const options = { profile: profile.name, ...(signal && { signal }) }
  const [packed] = await Promise.all([ingest.hashFile(path, options), syncBytes(path)])
  const table = leafTable(packed)
  if (!isMostlyNew(store, table)) return undefined
  const leaves = new Leaves()
  leaves.append(packed)
  const node = linkLeaves(store, profile, leaves)
  store.flush({ durable: true })
  const adoption = adoptIfLinked(store, { path, leaves: table })
  return adoption === undefined ? undefined : { node, adoption }
}

/** By a look at some of its chunks. */
function isHereAlready(store: BlockStore, path: string, { chunker }: Profile): boolean {
  if (chunker.kind !== 'fixed') return false
  const file = openSync(path, 'r')
  try {
    const chunk = Buffer.allocUnsafeSlow(chunker.bytes)
    const chunks = Math.floor(statOf(path).size / chunker.bytes)
    let here = 0
    for (let sample = 0; sample < Math.min(samples, chunks); sample++) {
      const number = Math.floor((sample * chunks) / samples)
      const count = readSync(file, chunk, 0, chunk.length, number * chunk.length)
      if (store.size(sha256Multihash(chunk.subarray(0, count))) !== undefined) here++
    }
    return here * herePart > samples
  } finally {
    closeSync(file)
  }
}

/** While others hash: by then most of it is on the disk. */
async function syncBytes(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.datasync()
  } catch (cause) {
    throw toCairnError(cause, `the disk did not take ${path}`)
  } finally {
    await file.close()
  }
}
