import type { Profile, ProfileName } from './api.ts'

const KiB = 1024

const hamtOver256KiB = { thresholdBytes: 256 * KiB, fanout: 256 } as const

/**
 * The import profiles. The first two are those of https://specs.ipfs.tech/ipips/ipip-0499/ ; `fastcdc`
 * is Cairn's own: boundaries follow the content (see chunk.ts), so an insertion changes the blocks
 * around it only. Its CIDs are the same on every machine, but no other tool makes them.
 */
export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'unixfs-v1-2025': {
    name: 'unixfs-v1-2025',
    cidVersion: 1,
    rawLeaves: true,
    chunker: { kind: 'fixed', bytes: 1024 * KiB },
    width: 1024,
    hamt: { ...hamtOver256KiB, estimate: 'block' }
  },
  'unixfs-v0-2015': {
    name: 'unixfs-v0-2015',
    cidVersion: 0,
    rawLeaves: false,
    chunker: { kind: 'fixed', bytes: 256 * KiB },
    width: 174,
    hamt: { ...hamtOver256KiB, estimate: 'links' }
  },
  fastcdc: {
    name: 'fastcdc',
    cidVersion: 1,
    rawLeaves: true,
    chunker: {
      kind: 'fastcdc',
      minBytes: 16 * KiB,
      averageBytes: 64 * KiB,
      maxBytes: 256 * KiB
    },
    width: 1024,
    hamt: { ...hamtOver256KiB, estimate: 'block' }
  }
}
