import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'
import { type Attributes, fileType, type Ino, type WritableTree } from '../../vfs/api.ts'
import { errno } from '../errno.ts'
import { linux, openKillSuidgid, openReply, sizeOf, writeKillSuidgid } from '../protocol.ts'
import { Reply } from '../reply.ts'
import type { Request } from '../request.ts'
import type { Session } from '../session.ts'
import { dropSetId } from './attributes.ts'
import { replyEntry } from './names.ts'
import type { Operation } from './operation.ts'

const header = sizeOf.inHeader

/**
 * struct fuse_open_in: flags, open_flags. Handles have no number: later requests carry the inode
 * and the flags it was opened with, so any thread can answer them. ENOSYS tells the kernel to open
 * and close frozen files by itself, and to keep their pages; for a whole mount, so it is not for one
 * that has files in place.
 */
export const open: Operation = {
  bytes: header + 8,
  answer: session => {
    const { request, reply, freshness, inPlace } = session
    const flags = request.word(10)
    if (changes(flags)) openWritable(session, flags)
    else if (freshness.withoutOpen && inPlace === undefined) return -errno.ENOSYS
    const backing = count(session, request.ino, flags)
    const keepsPages = freshness.withoutOpen && backing === 0
    return reply.opened(Reply.start, keepsPages ? openReply.keepCache : 0, backing)
  }
}

/** Counts the handle if handles are counted; returns its backing file, or 0. What fails is undone. */
function count({ inPlace, writer }: Session, ino: Ino, flags: number): number {
  if (inPlace === undefined) return 0
  try {
    return inPlace.open(ino, writes(flags))
  } catch (cause) {
    if (writes(flags)) writer().releaseWriting(ino)
    throw cause
  }
}

function writes(flags: number): boolean {
  return (flags & linux.accessMode) !== 0
}

/** Linux empties a file also for one who may write to it and opens it to read. */
function changes(flags: number): boolean {
  return writes(flags) || (flags & linux.openTruncate) !== 0
}

function openWritable(session: Session, flags: number): void {
  const { request } = session
  const tree = session.writer()
  if ((request.word(11) & openKillSuidgid) !== 0) dropSetId(tree, request)
  openFound(tree, request, request.ino, flags)
}

function openFound(tree: WritableTree, { caller }: Request, ino: Ino, flags: number): void {
  if (writes(flags)) tree.openForWriting(ino, (flags & linux.openTruncate) !== 0)
  else tree.change(ino, { size: 0 }, caller)
}

/** struct fuse_create_in: flags, mode, umask, open_flags; then the name. */
export const create: Operation = {
  bytes: header + 16 + 2,
  answer: session => {
    const { request } = session
    const flags = request.word(10)
    const made = makeOrFind(session, request.name(header + 16), flags)
    return replyCreated(session, made, flags)
  }
}

/** O_TMPFILE. As CREATE; the name is a placeholder. */
export const makeTemporary: Operation = {
  bytes: header + 16 + 2,
  answer: session => {
    const { request } = session
    const mode = request.word(11) & ~fileType.mask
    const made = session.writer().makeTemporary(request.ino, mode, request.caller)
    return replyCreated(session, made, request.word(10))
  }
}

/** fuse_entry_out and fuse_open_out. */
function replyCreated(session: Session, made: Attributes, flags: number): number {
  const { request, reply, tree } = session
  try {
    const backing = count(session, made.ino, flags)
    const bytes = replyEntry(session, request.ino, made)
    return bytes + reply.opened(Reply.start + (bytes >> 2), 0, backing)
  } catch (cause) {
    tree.forget(made.ino, 1)
    throw cause
  }
}

/** Somebody else may have made it since the kernel looked. */
function makeOrFind(session: Session, name: Name, flags: number): Attributes {
  const { request } = session
  const tree = session.writer()
  const mode = (request.word(11) & ~fileType.mask) | fileType.regular
  try {
    return writes(flags)
      ? tree.createFile(request.ino, name, mode, request.caller)
      : tree.makeNode(request.ino, name, mode, 0, request.caller)
  } catch (cause) {
    const found = cause instanceof CairnError && cause.code === 'exists'
    if (!found || (flags & linux.openExclusive) !== 0) throw cause
  }
  return findAndOpen(tree, request, name, flags)
}

function findAndOpen(tree: WritableTree, request: Request, name: Name, flags: number): Attributes {
  const found = tree.lookup(request.ino, name)
  if (!changes(flags)) return found
  try {
    openFound(tree, request, found.ino, flags)
    return tree.attributes(found.ino)
  } catch (cause) {
    tree.forget(found.ino, 1)
    throw cause
  }
}

/** struct fuse_read_in: handle, offset, size, … */
export const read: Operation = {
  bytes: header + 24,
  answer: ({ tree, request, reply }) => {
    const size = Math.min(request.word(14), limits.fuseRequestBytes)
    return tree.read(request.ino, reply.payload(size), request.number(12))
  }
}

/** struct fuse_write_in: handle, offset, size, write_flags, …; then the bytes. */
export const write: Operation = {
  bytes: sizeOf.writeHeader,
  answer: session => {
    const { request, reply } = session
    const tree = session.writer()
    const source = request.slice(sizeOf.writeHeader, request.word(14))
    if ((request.word(15) & writeKillSuidgid) !== 0) dropSetId(tree, request)
    reply.words[4] = tree.write(request.ino, source, request.number(12))
    reply.words[5] = 0
    return sizeOf.writeOut
  }
}

/** struct fuse_release_in: handle, the flags it was opened with, … */
export const release: Operation = {
  bytes: header + 24,
  answer: session => {
    const { request, inPlace } = session
    if (writes(request.word(12))) session.writer().releaseWriting(request.ino)
    inPlace?.closed(request.ino)
    return 0
  }
}

/** FSYNC and FSYNCDIR. What cannot be written needs none: at ENOSYS the kernel asks no more, and says that all is well. */
export const synchronize: Operation = {
  bytes: header + 16,
  answer: ({ request, tree, writer }) => {
    if (!('synchronize' in tree)) return -errno.ENOSYS
    writer().synchronize(request.ino)
    return 0
  }
}
