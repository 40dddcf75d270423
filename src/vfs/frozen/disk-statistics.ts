import { statfsSync } from 'node:fs'
import type { TreeStatistics } from '../api.ts'

/** What `df` shows of a frozen tree: the disk that holds the blocks. Throws the system's error. */
export function diskStatistics(folder: string): TreeStatistics {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(folder)
  return { blockBytes: bsize, blocks, freeBlocks: bavail, files, freeFiles: ffree }
}

/** What `df` shows of what may take so many bytes of a disk, and takes so many; as the disk where no budget is set. */
export function withinBudget(
  disk: TreeStatistics,
  budgetBytes: number | undefined,
  usedBytes: number
): TreeStatistics {
  if (budgetBytes === undefined) return disk
  const blocks = Math.min(disk.blocks, Math.ceil(budgetBytes / disk.blockBytes))
  const left = Math.floor(Math.max(0, budgetBytes - usedBytes) / disk.blockBytes)
  return { ...disk, blocks, freeBlocks: Math.min(disk.freeBlocks, left) }
}
