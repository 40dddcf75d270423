import { multihashKey } from '../base/blocks.ts'
import { toCairnError } from '../base/errors.ts'
import type { Adoption, BlockStore } from './api.ts'
import { bytesOfLeaves, type LeafTable, leavesIn } from './flat-description.ts'

/** As 1 / n of a file: so much of it may be here already, or a hole, that it still is not copied. */
const wastedPart = 8

/** Whether a file is better made a segment as it is than copied: little of it is here, or twice in it. */
export function isMostlyNew(store: Pick<BlockStore, 'size'>, leaves: LeafTable): boolean {
  const seen = new Set<string>()
  let newBytes = 0
  for (const { multihash, length } of leavesIn(leaves)) {
    const key = multihashKey(multihash)
    if (seen.has(key) || store.size(multihash) !== undefined) continue
    seen.add(key)
    newBytes += length
  }
  return !isWasteful(bytesOfLeaves(leaves), newBytes)
}

/** Whether a file takes much room for what of it is used. */
export function isWasteful(bytes: number, usedBytes: number): boolean {
  return (bytes - usedBytes) * wastedPart > bytes
}

/** Of leaves as a file's writer has them: two sizes each, the block's second, which are the same of raw ones. */
export function leafTable(packed: {
  readonly multihashes: Uint8Array
  readonly sizes: Float64Array
}): LeafTable {
  const lengths = packed.sizes.filter((_, index) => index % 2 === 0)
  return { multihashes: packed.multihashes, lengths }
}

/** As `BlockStore.adopt`, but undefined where the file system has no hard links: then it is copied. */
export function adoptIfLinked(
  store: Pick<BlockStore, 'adopt'>,
  file: Parameters<BlockStore['adopt']>[0]
): Adoption | undefined {
  try {
    return store.adopt(file)
  } catch (cause) {
    if (toCairnError(cause).code === 'unsupported') return undefined
    throw cause
  }
}
