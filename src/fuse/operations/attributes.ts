import {
  type AttributeChanges,
  type Attributes,
  fileType,
  type Ino,
  type Timestamp,
  type WritableTree
} from '../../vfs/api.ts'
import { linux, setattrValid, sizeOf } from '../protocol.ts'
import type { Request } from '../request.ts'
import type { Session } from '../session.ts'
import type { Operation } from './operation.ts'

const header = sizeOf.inHeader

export const getAttributes: Operation = {
  bytes: header,
  answer: session => {
    const { ino } = session.request
    return replyAttributes(session, ino, session.tree.attributes(ino))
  }
}

function replyAttributes(session: Session, ino: Ino, attributes: Attributes): number {
  return session.reply.attributes(ino, attributes, session.freshness.attributes(ino))
}

/** struct fuse_setattr_in. */
export const setAttributes: Operation = {
  bytes: header + 88,
  answer: session => {
    const { request } = session
    const tree = session.writer()
    const { ino } = request
    const changes = changesOf(request)
    const cleared = losesSetId(request) ? modeWithoutSetId(tree.attributes(ino)) : undefined
    const all = cleared === undefined ? changes : { mode: cleared, ...changes }
    return replyAttributes(session, ino, tree.change(ino, all, request.caller))
  }
}

function changesOf(request: Request): AttributeChanges {
  const valid = request.word(10)
  const has = (bit: number): boolean => (valid & bit) !== 0
  const atime = has(setattrValid.atime) ? timeOf(request, 18, 24, setattrValid.atimeNow) : undefined
  const mtime = has(setattrValid.mtime) ? timeOf(request, 20, 25, setattrValid.mtimeNow) : undefined
  return {
    ...(has(setattrValid.mode) && { mode: request.word(27) & ~fileType.mask }),
    ...(has(setattrValid.uid) && { uid: request.word(29) }),
    ...(has(setattrValid.gid) && { gid: request.word(30) }),
    ...(has(setattrValid.size) && { size: request.number(14) }),
    ...(atime !== undefined && { atime }),
    ...(mtime !== undefined && { mtime })
  }
}

function timeOf(request: Request, seconds: number, nanoseconds: number, now: number): Timestamp {
  if ((request.word(10) & now) !== 0) return 'now'
  return { seconds: request.signed(seconds), nanoseconds: request.word(nanoseconds) }
}

const { mode, uid, gid, size, atime, mtime } = setattrValid
const anything = mode | uid | gid | size | atime | mtime

/**
 * We promised (HANDLE_KILLPRIV_V2) to drop set-id bits ourselves: always when the owner changes, or
 * is changed to what it was (a chown of nothing comes as a request for nothing), on truncation when
 * the kernel says so.
 */
function losesSetId(request: Request): boolean {
  const valid = request.word(10)
  if ((valid & mode) !== 0) return false
  return (valid & anything) === 0 || (valid & (uid | gid | setattrValid.killSuidgid)) !== 0
}

/** The mode without set-user-ID, and without set-group-ID where it means that; undefined if it stays. */
function modeWithoutSetId({ mode }: Attributes): number | undefined {
  if ((mode & fileType.mask) === fileType.directory) return undefined
  const group = (mode & linux.groupExecute) !== 0 ? linux.setGid : 0
  const kept = mode & ~fileType.mask & ~(linux.setUid | group)
  return kept === (mode & ~fileType.mask) ? undefined : kept
}

/** Before a write or a truncating open by somebody who may not keep the set-id bits. */
export function dropSetId(tree: WritableTree, request: Request): void {
  const { ino } = request
  const mode = modeWithoutSetId(tree.attributes(ino))
  if (mode !== undefined) tree.change(ino, { mode }, request.caller)
}

/** struct fuse_kstatfs. */
export const statistics: Operation = {
  bytes: header,
  answer: ({ tree, reply }) => {
    const found = tree.statistics()
    reply.words.fill(0, 4, 4 + (sizeOf.statfsOut >> 2))
    reply.number(4, found.blocks)
    reply.number(6, found.freeBlocks)
    reply.number(8, found.freeBlocks)
    reply.number(10, found.files)
    reply.number(12, found.freeFiles)
    reply.words[14] = found.blockBytes
    reply.words[15] = 255
    reply.words[16] = found.blockBytes
    return sizeOf.statfsOut
  }
}
