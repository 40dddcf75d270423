import { statfsSync } from 'node:fs'
import type { TreeStatistics } from '../api.ts'

/** What `df` shows of a frozen tree: the disk that holds the blocks. Throws the system's error. */
export function diskStatistics(folder: string): TreeStatistics {
  const { bsize, blocks, bavail, files, ffree } = statfsSync(folder)
  return { blockBytes: bsize, blocks, freeBlocks: bavail, files, freeFiles: ffree }
}
