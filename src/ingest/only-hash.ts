import { type BlockWriter, sha256Multihash } from '../base/blocks.ts'

/** Computes multihashes and stores nothing. */
export const hashingBlocks: BlockWriter = {
  add: bytes => sha256Multihash(bytes),
  flush: () => undefined
}
