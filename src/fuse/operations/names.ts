import { CairnError } from '../../base/errors.ts'
import type { Name } from '../../base/names.ts'
import type { Attributes, Ino, RenameOptions } from '../../vfs/api.ts'
import { errno } from '../errno.ts'
import { absentSeconds } from '../freshness.ts'
import { linux, sizeOf } from '../protocol.ts'
import { Reply } from '../reply.ts'
import type { Session } from '../session.ts'
import { type Operation, silent } from './operation.ts'

const header = sizeOf.inHeader
/** A name and its NUL. */
const shortestName = 2

/** Answers with an inode that the tree counted as looked up. */
export function replyEntry(session: Session, parent: Ino, attributes: Attributes): number {
  const { ino } = attributes
  return session.reply.entry(Reply.start, ino, attributes, session.freshness.entry(parent, ino))
}

export const lookup: Operation = {
  bytes: header + shortestName,
  answer: session => {
    const parent = session.request.ino
    const attributes = find(session, parent, session.request.name(header))
    if (attributes !== undefined) return replyEntry(session, parent, attributes)
    if (!session.freshness.frozen(parent)) return -errno.ENOENT
    return session.reply.noEntry(Reply.start, absentSeconds)
  }
}

function find({ tree }: Session, parent: Ino, name: Name): Attributes | undefined {
  try {
    return tree.lookup(parent, name)
  } catch (cause) {
    if (cause instanceof CairnError && cause.code === 'not-found') return undefined
    throw cause
  }
}

export const forget: Operation = {
  bytes: header + 8,
  answer: ({ tree, request }) => {
    tree.forget(request.ino, request.number(10))
    return silent
  }
}

/** struct fuse_batch_forget_in: a count, then pairs of inode and lookups. */
export const forgetBatch: Operation = {
  bytes: header + 8,
  answer: ({ tree, request }) => {
    const fitting = Math.floor((request.length - header - 8) / sizeOf.forgetOne)
    const count = Math.min(request.word(10), fitting)
    for (let index = 12; index < 12 + count * 4; index += 4) {
      tree.forget(request.number(index), request.number(index + 2))
    }
    return silent
  }
}

export const readLink: Operation = {
  bytes: header,
  answer: ({ tree, request, reply }) => {
    const target = tree.readLink(request.ino)
    reply.payload(target.length).set(target)
    return target.length
  }
}

/** The new name, then the target. */
export const symlink: Operation = {
  bytes: header + 2 * shortestName,
  answer: session => {
    const { request } = session
    const name = request.name(header)
    const target = new Uint8Array(request.bytesUntilNul(request.after(header)))
    const made = session.writer().makeSymlink(request.ino, name, target, request.caller)
    return replyEntry(session, request.ino, made)
  }
}

/** struct fuse_mknod_in: mode, rdev, umask, padding. The kernel has applied the umask. */
export const makeNode: Operation = {
  bytes: header + 16 + shortestName,
  answer: session => {
    const { request } = session
    const tree = session.writer()
    const name = request.name(header + 16)
    const made = tree.makeNode(
      request.ino,
      name,
      request.word(10),
      request.word(11),
      request.caller
    )
    return replyEntry(session, request.ino, made)
  }
}

/** struct fuse_mkdir_in: mode, umask. */
export const makeDirectory: Operation = {
  bytes: header + 8 + shortestName,
  answer: session => {
    const { request } = session
    const tree = session.writer()
    const name = request.name(header + 8)
    const made = tree.makeDirectory(request.ino, name, request.word(10), request.caller)
    return replyEntry(session, request.ino, made)
  }
}

export const unlink: Operation = {
  bytes: header + shortestName,
  answer: session => {
    session.writer().remove(session.request.ino, session.request.name(header))
    return 0
  }
}

export const removeDirectory: Operation = {
  bytes: header + shortestName,
  answer: session => {
    session.writer().removeDirectory(session.request.ino, session.request.name(header))
    return 0
  }
}

/** struct fuse_link_in: the inode; then its new name. */
export const link: Operation = {
  bytes: header + 8 + shortestName,
  answer: session => {
    const { request } = session
    const name = request.name(header + 8)
    const made = session.writer().makeLink(request.number(10), request.ino, name)
    return replyEntry(session, request.ino, made)
  }
}

/** struct fuse_rename_in: the new directory; then the old and the new name. */
export const rename: Operation = {
  bytes: header + 8 + 2 * shortestName,
  answer: session => renameAt(session, header + 8, 'replace')
}

/** struct fuse_rename2_in: the new directory, flags, padding; then the names. */
export const renameWithFlags: Operation = {
  bytes: header + 16 + 2 * shortestName,
  answer: session => {
    const mode = renameModes[session.request.word(12)]
    return mode === undefined ? -errno.EINVAL : renameAt(session, header + 16, mode)
  }
}

/** RENAME_WHITEOUT, and both flags at once, are not for us. */
const renameModes: Readonly<Record<number, RenameOptions['mode']>> = {
  0: 'replace',
  [linux.renameNoReplace]: 'no-replace',
  [linux.renameExchange]: 'exchange'
}

function renameAt(session: Session, names: number, mode: RenameOptions['mode']): number {
  const { request } = session
  const from = request.name(names)
  const to = request.name(request.after(names))
  session.writer().rename(request.ino, from, request.number(10), to, { mode })
  return 0
}
