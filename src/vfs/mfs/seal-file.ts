import { toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Adoption } from '../../store/api.ts'
import type { Metadata, Node } from '../../unixfs/api.ts'
import { withMetadata } from '../../unixfs/with-metadata.ts'
import type { Attributes } from '../api.ts'
import type { ImportedFile, ImportFileOptions } from './api.ts'
import type { Context } from './context.ts'
import type { DraftState } from './draft-files.ts'
import { attributesOf, type Inode, isDirectory, isRegular, isSymlink } from './inode.ts'
import { readLink, whileChanging } from './read.ts'
import { isSettled, recallSealed } from './sealed-drafts.ts'

/** What a file became, and the row it was read by. */
export interface SealedFile {
  readonly inode: Inode
  readonly node: Node
  /** As they were before its bytes were read. */
  readonly attributes: Attributes
  /** Of its draft before it was read, where it tells its content. */
  readonly settled?: DraftState | undefined
  /** Its draft is to be a part of the store: `ImportedFile`. */
  readonly adoption?: Adoption | undefined
}

/** From this size on other threads are worth being asked for help. */
const largeBytes = 8 * 1024 * 1024

export interface Breathe {
  /** Lets the event loop turn between pieces of work; throws `aborted`. */
  (bytes: number): Promise<void>
  readonly signal: AbortSignal | undefined
}

/**
 * Stores the bytes of a regular file or the target of a symlink as blocks, a piece at a time. Bytes
 * written meanwhile may or may not be in; the row's generation, or its writers, tell. With `adopt` the draft
 * itself may become blocks, and what comes of it is for the caller to settle or to abandon.
 */
export async function sealFile(
  context: Context,
  inode: Inode,
  breathe: Breathe,
  { adopt = false } = {}
): Promise<SealedFile> {
  const { draft } = inode
  const state = draft === null ? undefined : whileChanging(() => context.drafts.state(draft))
  const attributes = attributesOf(inode, state)
  const metadata = metadataOf(context, attributes)
  if (isSymlink(inode)) {
    const target = whileChanging(() => readLink(context, inode.ino))
    const node = context.unixfs.writer.symlink(target, metadata)
    return { inode, node, attributes }
  }
  const unchanged =
    sealedAsIs(context, inode, metadata) ?? sealedBefore(context, inode, state, metadata)
  if (unchanged !== undefined) return { inode, node: unchanged, attributes }
  const settled = state !== undefined && isSettled(context, state) ? state : undefined
  const how = { adopt, signal: breathe.signal }
  const imported = await importLarge(context, inode, attributes, how)
  const dressed = imported && dress(context, imported, metadata)
  if (dressed !== undefined) return { inode, attributes, ...dressed }
  const builder = context.unixfs.writer.file()
  for await (const bytes of pieces(context, inode, attributes.size, breathe)) builder.write(bytes)
  return { inode, node: builder.finish(metadata), attributes, settled }
}

/**
 * A file that has content but no draft (its mode or time changed, or the content is another's, shared)
 * is that content; its metadata, if that is to travel, goes around it. No byte of it is read again.
 */
function sealedAsIs(
  context: Context,
  inode: Inode,
  metadata: Metadata | undefined
): Node | undefined {
  const { codec, multihash, cidVersion, dagBytes, size } = inode
  if (inode.draft !== null || codec === null || multihash === null) return undefined
  if (metadata !== undefined) {
    const { profile } = context.unixfs.writer
    return withMetadata(context.blocks, profile, { codec, multihash, fileBytes: size }, metadata)
  }
  return {
    codec,
    multihash,
    cidVersion: cidVersion === 0 ? 0 : 1,
    fileBytes: inode.size,
    dagBytes: dagBytes ?? 0
  }
}

/**
 * A file that stays open and was not written to since the last seal is what it was then: a disk image
 * is not read again because something else was written.
 */
function sealedBefore(
  context: Context,
  { draft, writers }: Inode,
  state: DraftState | undefined,
  metadata: Metadata | undefined
): Node | undefined {
  if (draft === null || writers === 0 || state === undefined) return undefined
  const known = recallSealed(context, draft, state)
  if (known === undefined || metadata === undefined) return known
  return withMetadata(context.blocks, context.unixfs.writer.profile, known, metadata)
}

/** A large draft that nobody writes to, as blocks of its bare bytes; undefined if it is not one, has changed or is gone. */
async function importLarge(
  context: Context,
  { draft, writers }: Inode,
  { size }: Attributes,
  how: ImportFileOptions
): Promise<ImportedFile | undefined> {
  const { importFile } = context
  if (importFile === undefined || draft === null || writers > 0 || size < largeBytes) return
  const path = context.drafts.fileOf(draft)
  if (path === undefined) return
  try {
    return await importFile(path, how)
  } catch (cause) {
    const { code } = toCairnError(cause)
    if (code === 'conflict' || code === 'not-found') return
    throw cause
  }
}

/** Undefined, and nothing adopted, where no metadata can go around a node. */
function dress(
  context: Context,
  { node, adoption }: ImportedFile,
  metadata: Metadata | undefined
): Pick<SealedFile, 'node' | 'adoption'> | undefined {
  if (metadata === undefined) return { node, adoption }
  const { codec, multihash, fileBytes } = node
  const { profile } = context.unixfs.writer
  try {
    const dressed = withMetadata(context.blocks, profile, { codec, multihash, fileBytes }, metadata)
    if (dressed !== undefined) return { node: dressed, adoption }
  } catch (cause) {
    adoption?.abandon()
    throw cause
  }
  adoption?.abandon()
  return undefined
}

async function* pieces(
  context: Context,
  inode: Inode,
  size: number,
  breathe: Breathe
): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(Math.min(limits.fuseRequestBytes, size))
  for (let position = 0; position < size; ) {
    const wanted = piece.subarray(0, Math.min(piece.byteLength, size - position))
    const count = readSource(context, inode, wanted, position)
    if (count === 0) return
    yield wanted.subarray(0, count)
    position += count
    await breathe(count)
  }
}

function readSource(
  context: Context,
  { draft, codec, multihash }: Inode,
  target: Uint8Array,
  position: number
): number {
  if (draft !== null) return whileChanging(() => context.drafts.read(draft, target, position))
  if (codec === null || multihash === null) return 0
  return context.unixfs.reader.readFile(codec, multihash, target, position)
}

/** Mode and mtime for the block, or none where CIDs are to be those of the bare bytes. */
export function metadataOf(context: Context, attributes: Attributes | Inode): Metadata | undefined {
  if (!context.metadata) return undefined
  return {
    mode: attributes.mode & 0o7777,
    mtimeSeconds: attributes.mtimeSeconds,
    mtimeNanoseconds: attributes.mtimeNanoseconds
  }
}

/** True if the row can be in a DAG: fifos, sockets and devices cannot. */
export function travels(inode: { readonly mode: number }): boolean {
  return isDirectory(inode) || isSymlink(inode) || isRegular(inode)
}
