import type { InodeKey } from './inode-key.ts'

/** Numbers that stand for a key: `hash` finds its bucket, the other two are 64 bits of its name. */
export interface Fingerprint {
  readonly hash: number
  readonly nameHash: number
  readonly nameHash2: number
}

/** `seed` is the table's own, unknown outside: nobody can prepare names or blocks that collide. */
export function fingerprint(seed: number, key: InodeKey): Fingerprint {
  const { identity, name } = key
  let nameHash = seed | 0
  let nameHash2 = ~seed
  for (let i = 0; i < name.length; i++) {
    const byte = name.charCodeAt(i)
    nameHash = Math.imul(nameHash ^ byte, 0x01000193)
    nameHash2 = Math.imul((nameHash2 << 5) ^ (nameHash2 >>> 2) ^ byte, 0x5bd1e995)
  }
  let hash = Math.imul(seed ^ (key.kind * 4 + key.cidVersion), 0x9e3779b1) ^ key.codec
  hash = Math.imul(hash ^ key.parent, 0x85ebca6b) ^ nameHash ^ nameHash2
  for (let i = 0; i < identity.length; i++) {
    hash = Math.imul(hash ^ (identity[i] as number), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return {
    hash: (hash ^ (hash >>> 13)) >>> 0,
    nameHash: nameHash >>> 0,
    nameHash2: nameHash2 >>> 0
  }
}
