import { hash } from 'node:crypto'
import type { Profile } from './api.ts'

/** Where a file is cut. Deterministic: it sees the bytes from the last cut on, never how they arrived. */
export interface Chunker {
  /** The longest chunk. */
  readonly maxBytes: number
  /**
   * Length of the chunk at the beginning of bytes[start, end), which must hold `maxBytes` or all
   * that is left of the file; from 1 to `maxBytes`.
   */
  readonly cut: (bytes: Uint8Array, start: number, end: number) => number
}

/** The chunker of a profile. */
export function makeChunker(chunker: Profile['chunker']): Chunker {
  return chunker.kind === 'fixed' ? fixedChunker(chunker.bytes) : gearChunker(chunker)
}

function fixedChunker(maxBytes: number): Chunker {
  return { maxBytes, cut: (_bytes, start, end) => Math.min(maxBytes, end - start) }
}

interface GearBounds {
  readonly minBytes: number
  readonly averageBytes: number
  readonly maxBytes: number
}

/**
 * Cut where a rolling gear hash (32 bits; each byte shifts it left by one and adds the byte's gear) has
 * its highest bits zero. Normalised as FastCDC is: from `minBytes` on to `averageBytes` two bits more
 * than log2(averageBytes) must be zero, after it two bits less; at `maxBytes` it is cut anyway. The
 * hash begins at 0 at `minBytes`; a chunk ends before the byte at which it matched.
 * https://www.usenix.org/conference/atc16/technical-sessions/presentation/xia
 */
function gearChunker({ minBytes, averageBytes, maxBytes }: GearBounds): Chunker {
  const gears = makeGears()
  const bits = Math.round(Math.log2(averageBytes))
  const early = highBits(bits + 2)
  const late = highBits(bits - 2)
  const cut = (bytes: Uint8Array, start: number, end: number): number => {
    const limit = Math.min(end, start + maxBytes)
    const middle = Math.min(limit, start + averageBytes)
    let rolling = 0
    let at = start + minBytes
    if (at >= limit) return limit - start
    for (; at < middle; at++) {
      rolling = ((rolling << 1) + gears[bytes[at]!]!) | 0
      if ((rolling & early) === 0) return at - start
    }
    for (; at < limit; at++) {
      rolling = ((rolling << 1) + gears[bytes[at]!]!) | 0
      if ((rolling & late) === 0) return at - start
    }
    return limit - start
  }
  return { maxBytes, cut }
}

function highBits(count: number): number {
  return -1 << (32 - count)
}

/** The gear of a byte: the first four bytes (big-endian) of the sha2-256 of that one byte. */
function makeGears(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) =>
    hash('sha256', Uint8Array.of(byte), 'buffer').readInt32BE(0)
  )
}
