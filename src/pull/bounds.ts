import { limits } from '../base/limits.ts'
import type { Patience } from './open.ts'

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** The engine's own bounds, with their units and reasons. */
export const bounds = {
  /** A body whose size no index vouches for ends here: larger than any package, smaller than a disk. */
  flightBytes: 64 * GiB,
  /** An upstream that sends less than this in `idleMs` has stopped: 34 bytes a second hold nobody. */
  trickleBytes: 1 * KiB,
  /** A flight that lost its last reader goes on when no more than this is left of it, or when it is half done. */
  worthFinishingBytes: 16 * MiB,
  /** A new version of a held item is fetched whole before it is served if it is no longer than this. */
  revalidatedWholeBytes: 16 * MiB,
  /** Requests that one flight makes of its upstream, resumptions and retries together. */
  attempts: 4,
  /** And of one that failed a moment ago: a hundred packages would else wait for it one after the other. */
  restingAttempts: 2,
  /** "Not found" answers remembered. */
  negativeEntries: 10_000,
  /** Contents remembered as whole: the rest is looked through again, a microsecond a block. */
  wholeEntries: 10_000,
  /** Answers that are given again while nothing changes: those of a large install. */
  givenAnswers: 4_096,
  /** And their memory, for an upstream may name its versions by long texts: with bodies, 1,500 of npm's packages. */
  givenBytes: 12 * MiB,
  /** Bodies up to this length are kept with them: most packuments, manifests and index files are shorter. */
  keptBodyBytes: 16 * KiB,
  /** Other rows that are remembered so. */
  rowsKept: 4_096,
  /** After an upstream failed, held items are served stale without asking it again for this long. */
  upstreamRestMs: 10_000,
  /** An upstream that asks for longer by `Retry-After` is asked again all the same. */
  longestRestMs: 3_600_000,
  /** The time of last use is written down when it is older than this: a warm cache writes next to nothing. */
  useGranularityMs: 600_000,
  /** Such times in one transaction, and how long one waits for others. */
  usesTogether: 256,
  usesWaitMs: 30_000,
  /** Who was sent the beginning of bytes that turned out wrong may ask for the rest for so long. */
  brokenOffMs: 86_400_000,
  /** An item that was found is read soon, or not at all. */
  askedMs: 2_000,
  /** Pieces a body is handed out in. */
  pieceBytes: 1 * MiB,
  /** Buffers kept for the next bodies, all lengths together: who serves more at a time makes new ones. */
  spareBytes: 4 * MiB,
  /** What a document says is brought in so many entries a transaction: a few milliseconds each. */
  learnBatch: 1000,
  /** A document's new version is taken over with those of its items that were used within this time. */
  inUseMs: 7 * 86_400_000,
  /** Items of a new version that are fetched at a time. */
  broughtTogether: 4,
  /** A new version whose items cannot all be had is taken over without them after this. */
  takeoverPatienceMs: 600_000,
  /** What peers who answered lately have ahead of the upstream: a LAN's round trips, and no person notices. */
  peerStartMs: 150,
  /** A body of a peer up to this size is verified before any of it is handed on. */
  peerWholeBytes: 4 * MiB,
  /** Variants held of one derived item: this machine goes by three names, and by one in its network. */
  variants: 4,
  /** A layer's index is waited for so long; the layer is fetched once none of its files was asked for during this, and at the latest then. */
  indexWaitMs: 5_000,
  indexQuietMs: 1_000,
  indexLatestMs: 30_000,
  /** Documents from this length on are read into memory one at a time to be made something of. */
  longDocumentBytes: 256 * KiB,
  /** For a connection to an upstream, and for an answer over one that was kept: both may be to nowhere. */
  connectMs: 5_000,
  keptMs: 4_000,
  /** Redirects followed to other places of an upstream's content. */
  redirects: 5
} as const

/** How long upstreams are waited for; `Patience` says what each is. */
export const defaultPatience: Patience = {
  headMs: limits.upstreamHeadMs,
  staleHeadMs: 5_000,
  idleMs: limits.upstreamIdleMs,
  takeoverMs: 10_000,
  backOffMs: 250
}
