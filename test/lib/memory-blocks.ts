import {
  type BlockReader,
  type BlockWriter,
  type Multihash,
  makeCid,
  multihashKey,
  sha256Multihash
} from '../../src/base/blocks.ts'
import { CairnError } from '../../src/base/errors.ts'

/** A block store in memory that counts what is asked of it. */
export interface MemoryBlocks extends BlockReader, BlockWriter {
  readonly blocks: Map<string, { multihash: Multihash; bytes: Uint8Array; code: number }>
  /** Calls since the test began. */
  readonly calls: { size: number; read: number; readInto: number }
  /** Takes in bytes under a multihash that need not be theirs. */
  forge: (multihash: Multihash, bytes: Uint8Array) => void
  drop: (multihash: Multihash) => void
}

export function memoryBlocks(): MemoryBlocks {
  const blocks: MemoryBlocks['blocks'] = new Map()
  const calls = { size: 0, read: 0, readInto: 0 }
  const find = (multihash: Multihash): Uint8Array => {
    if (multihash[0] === 0) return multihash.subarray(2)
    const found = blocks.get(multihashKey(multihash))
    if (found !== undefined) return found.bytes
    const id = makeCid(0x55, multihash).toString()
    throw new CairnError('missing', `block ${id} is not here`, { want: { kind: 'block', id } })
  }
  return {
    blocks,
    calls,
    size: multihash => {
      calls.size++
      if (multihash[0] === 0) return multihash.length - 2
      return blocks.get(multihashKey(multihash))?.bytes.length
    },
    read: multihash => {
      calls.read++
      return find(multihash)
    },
    readInto: (multihash, offset, target) => {
      calls.readInto++
      const part = find(multihash).subarray(offset, offset + target.length)
      target.set(part)
      return part.length
    },
    add: (bytes, code = 0x55) => {
      const multihash = sha256Multihash(bytes)
      blocks.set(multihashKey(multihash), { multihash, bytes: Uint8Array.from(bytes), code })
      return multihash
    },
    flush: () => undefined,
    forge: (multihash, bytes) => {
      blocks.set(multihashKey(multihash), { multihash, bytes, code: 0x55 })
    },
    drop: multihash => {
      blocks.delete(multihashKey(multihash))
    }
  }
}
