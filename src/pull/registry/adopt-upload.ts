import type { FileHandle } from 'node:fs/promises'
import { limits } from '../../base/limits.ts'
import { adoptIfLinked, isMostlyNew, leafTable } from '../../store/adoptable.ts'
import type { Adoption, BlockStore } from '../../store/api.ts'
import type { Node, Profile } from '../../unixfs/api.ts'
import { linkLeaves } from '../../unixfs/build-file.ts'
import type { Leaves } from '../../unixfs/leaves.ts'

export interface AdoptedUpload {
  readonly node: Node
  readonly adoption: Adoption
}

/** All of it is there, and nobody writes to it. */
export interface UploadedFile {
  readonly path: string
  readonly file: FileHandle
  readonly bytes: number
}

/** What becomes of uploads from which length on. */
export interface AdoptionOptions {
  readonly store: BlockStore
  readonly profile: Profile
  readonly leastBytes?: number | undefined
}

/**
 * Makes the file of a large upload a segment as it is: nothing of it is written again. Undefined if it is better
 * copied: a small one, one that is here for the most part, one on a file system without hard links.
 */
export async function adoptUpload(
  { store, profile, leastBytes = limits.adoptedFileBytes }: AdoptionOptions,
  { path, file, bytes }: UploadedFile,
  leaves: Leaves
): Promise<AdoptedUpload | undefined> {
  if (bytes < leastBytes || leaves.length < 2 || leaves.length > limits.adoptedLeaves)
    return undefined
  const table = leafTable(leaves.pack())
  if (!isMostlyNew(store, table)) return undefined
  // Here, and not where everybody would wait for it.
  await file.datasync()
  const node = linkLeaves(store, profile, leaves)
  store.flush({ durable: true })
  const adoption = adoptIfLinked(store, { path, leaves: table })
  return adoption === undefined ? undefined : { node, adoption }
}
