const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB

/** Every bound, with its unit in the name and its reason beside it. */
export const limits = {
  /** NAME_MAX of Linux; longer names cannot be shown in a mount. */
  nameBytes: 255,
  /** PATH_MAX of Linux bounds a symlink's target. */
  symlinkBytes: 4096,
  /** The largest block taken in: bitswap's and the trustless gateway's common bound. */
  blockBytes: 4 * MiB,
  /** Above it a segment is finished and a new one begun: few files, yet cheap to compact. */
  segmentBytes: 1 * GiB,
  /** Bytes and blocks a writer gathers before it writes them out with one system call. */
  writeBatchBytes: 8 * MiB,
  writeBatchBlocks: 4096,
  /** Levels of a UnixFS file or sharded directory: 1024-wide trees reach 2^60 bytes in six. */
  dagDepth: 32,
  /** Links of one dag-pb node; the widest profile uses 1024, old kubo directories more. */
  nodeLinks: 200_000,
  /** How long a writer waits for another process's transaction. */
  databaseBusyMs: 10_000,
  /** The write-ahead log is folded back in the background once it is this long. */
  checkpointBytes: 16 * MiB,
  /** Largest request FUSE hands over: max_pages 256 of 4 KiB. */
  fuseRequestBytes: 1 * MiB,
  /** A fetch that a FUSE operation waits for is given up after this. */
  missingWaitMs: 30_000,
  /** An index, Release file or packument read into memory by `learn`. */
  documentBytes: 256 * MiB,
  /** Unpacking an archive: plain bytes, ratio to the packed size, and entries. */
  unpackedBytes: 2 * GiB,
  unpackedRatio: 100,
  unpackedEntries: 1_000_000,
  /** An upstream that sends nothing for this long has failed. */
  upstreamIdleMs: 30_000,
  /** Time to connect and get the head of an answer. */
  upstreamHeadMs: 30_000,
  /** A "not found" of an upstream is believed this long. */
  negativeMs: 30_000,
  /** The largest body the control API takes. */
  controlBodyBytes: 1 * MiB
} as const
