import type { Ino, Tree } from '../vfs/api.ts'
import type { Timeouts } from './reply.ts'

/** As long as the kernel's clock goes: 68 years, in seconds. */
const endless = 2 ** 31 - 1
/** What moves under us is looked at again after this many seconds. */
const brief = 1

/**
 * How long the kernel may believe what it was told. Frozen inodes never change; the root of a
 * frozen tree and what the tree itself says is live (`frozen`) may gain entries, so a name that is
 * not there must be asked for again.
 */
export interface Freshness {
  /** The inode never changes. */
  frozen: (ino: Ino) => boolean
  /** For an entry of `parent` that leads to `ino`. */
  entry: (parent: Ino, ino: Ino) => Timeouts
  /** Seconds that an inode's attributes hold. */
  attributes: (ino: Ino) => Timeouts
  /** Files can't change, so the kernel need not say when it opens and closes one. */
  readonly withoutOpen: boolean
}

const live: Timeouts = { entry: brief, attributes: brief }
const settled: Timeouts = { entry: endless, attributes: endless }
const settledInLive: Timeouts = { entry: brief, attributes: endless }
const liveInSettled: Timeouts = { entry: endless, attributes: brief }

export function freshnessOf(tree: Tree): Freshness {
  const always = tree.nature === 'frozen'
  const frozen = (ino: Ino): boolean => tree.frozen?.(ino) ?? (always && ino !== tree.root)
  return {
    frozen,
    entry: (parent, ino) => {
      if (frozen(parent)) return frozen(ino) ? settled : liveInSettled
      return frozen(ino) ? settledInLive : live
    },
    attributes: ino => (frozen(ino) ? settled : live),
    withoutOpen: always
  }
}

/** How long a name that is not there stays so, in a frozen directory. */
export const absentSeconds = endless
