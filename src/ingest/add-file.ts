import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import type { BlockWriter } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { readAt } from '../base/read-at.ts'
import type { Metadata, Node, Profile } from '../unixfs/api.ts'
import { addLeaf, addSmallFile, buildFile } from '../unixfs/build-file.ts'
import { Leaves, type PackedLeaves } from '../unixfs/leaves.ts'
import { fromPath, shownPath } from './paths.ts'

/** What tells one content of a file from another, as far as the file system tells. */
export interface FileVersion {
  /** Another one at its path may have the same length and time, as reproducible builds have. */
  readonly inode: bigint
  readonly bytes: number
  readonly mtimeNanoseconds: bigint
}

export interface FileSettings {
  readonly profile: Profile
  readonly metadata: boolean
  /** A longer file is not read; undefined reads any. */
  readonly maxBytes: number | undefined
  /** `Tally.cancelled`, looked at between pieces. */
  readonly cancelled?: SharedArrayBuffer
}

/** A file taken in, or one that was too long to be. */
export type FileOutcome =
  | { readonly node: Node }
  | { readonly node: undefined; readonly version: FileVersion; readonly metadata: Metadata }

const readBytes = 1024 * 1024

/** Reads a regular file and stores it. `path` is as in paths.ts. Throws naming it; `conflict` if it changed meanwhile. */
export function addFile(blocks: BlockWriter, path: string, settings: FileSettings): FileOutcome {
  throwIfCancelled(settings.cancelled)
  return withFile(path, (file, stats) => {
    const version = versionOf(stats)
    const metadata = settings.metadata ? metadataOf(stats) : {}
    const { maxBytes = Number.POSITIVE_INFINITY } = settings
    if (version.bytes > maxBytes) return { node: undefined, version, metadata }
    const node = addBytes(blocks, settings, { file, path, version, metadata })
    checkUnchanged(file, version, path)
    return { node }
  })
}

/** Of the regular file at a path. Throws as `addFile`. */
export function versionAt(path: string): FileVersion {
  return withFile(path, (_, stats) => versionOf(stats))
}

interface OpenFile {
  readonly file: number
  readonly path: string
  readonly version: FileVersion
  readonly metadata: Metadata
}

function addBytes(blocks: BlockWriter, settings: FileSettings, open: OpenFile): Node {
  const { profile } = settings
  const { file, path, version, metadata } = open
  if (version.bytes === 0) return addToEnd(blocks, settings, open)
  if (profile.chunker.kind !== 'fixed' || version.bytes > profile.chunker.bytes) {
    return addInPieces(blocks, settings, open)
  }
  return addSmallFile(blocks, profile, readExactly(file, 0, version.bytes, path), metadata)
}

/** A file that says it has no bytes: those of /proc have some all the same. */
function addToEnd(blocks: BlockWriter, settings: FileSettings, open: OpenFile): Node {
  const { file, metadata } = open
  const builder = buildFile(blocks, settings.profile)
  const target = Buffer.allocUnsafe(emptyReadBytes)
  for (let at = 0; ; ) {
    throwIfCancelled(settings.cancelled)
    const count = readSync(file, target, 0, target.length, at)
    if (count === 0) return builder.finish(metadata)
    builder.write(target.subarray(0, count))
    at += count
  }
}

/** From Buffer's pool, for empty files are many. */
const emptyReadBytes = 4096

function addInPieces(blocks: BlockWriter, settings: FileSettings, open: OpenFile): Node {
  const { file, path, version, metadata } = open
  const builder = buildFile(blocks, settings.profile)
  for (let at = 0; at < version.bytes; at += readBytes) {
    throwIfCancelled(settings.cancelled)
    builder.write(readExactly(file, at, Math.min(readBytes, version.bytes - at), path))
  }
  return builder.finish(metadata)
}

export interface Stripe {
  readonly path: string
  readonly version: FileVersion
  /** A multiple of the chunk's length. */
  readonly start: number
  readonly end: number
}

/** Stores the chunks of one part of a file that is cut at fixed lengths. Throws as `addFile`. */
export function addStripe(blocks: BlockWriter, profile: Profile, stripe: Stripe): PackedLeaves {
  const { path, version, start, end } = stripe
  const chunkBytes = profile.chunker.kind === 'fixed' ? profile.chunker.bytes : readBytes
  return withFile(path, file => {
    const leaves = new Leaves()
    const buffer = Buffer.allocUnsafeSlow(Math.min(chunkBytes, end - start))
    for (let at = start; at < end; at += chunkBytes) {
      const chunk = buffer.subarray(0, Math.min(chunkBytes, end - at))
      fill(file, at, chunk, path)
      addLeaf(blocks, profile, chunk, leaves)
    }
    checkUnchanged(file, version, path)
    return leaves.pack()
  })
}

function throwIfCancelled(cancelled: SharedArrayBuffer | undefined): void {
  if (cancelled !== undefined && Atomics.load(new Int32Array(cancelled), 0) === 1) {
    throw new CairnError('aborted', 'the import was called off')
  }
}

/** Opens without following a link and without waiting for a fifo's other end. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

function withFile<T>(path: string, work: (file: number, stats: BigIntStats) => T): T {
  let file: number | undefined
  try {
    file = openSync(fromPath(path), openFlags)
    const stats = fstatSync(file, { bigint: true })
    if (!stats.isFile()) throw changed(path)
    return work(file, stats)
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${shownPath(path)}`)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function readExactly(file: number, position: number, length: number, path: string): Uint8Array {
  const target = Buffer.allocUnsafe(length)
  fill(file, position, target, path)
  return target
}

function fill(file: number, position: number, target: Uint8Array, path: string): void {
  if (readAt(file, target, position) < target.length) throw changed(path)
}

function checkUnchanged(file: number, version: FileVersion, path: string): void {
  const now = versionOf(fstatSync(file, { bigint: true }))
  const isSame =
    now.inode === version.inode &&
    now.bytes === version.bytes &&
    now.mtimeNanoseconds === version.mtimeNanoseconds
  if (!isSame) throw changed(path)
}

function changed(path: string): CairnError {
  return new CairnError(
    'conflict',
    `${shownPath(path)} changed while it was read: add it again when nothing writes to it`
  )
}

function versionOf(stats: BigIntStats): FileVersion {
  return { inode: stats.ino, bytes: Number(stats.size), mtimeNanoseconds: stats.mtimeNs }
}

const nanosecondsPerSecond = 1_000_000_000n

/** Mode and mtime as UnixFS records them. */
export function metadataOf(stats: BigIntStats): Required<Metadata> {
  const rest = stats.mtimeNs % nanosecondsPerSecond
  const within = rest < 0n ? rest + nanosecondsPerSecond : rest
  return {
    mode: Number(stats.mode & 0o7777n),
    mtimeSeconds: Number((stats.mtimeNs - within) / nanosecondsPerSecond),
    mtimeNanoseconds: Number(within)
  }
}
