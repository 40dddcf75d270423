import { errno } from '../errno.ts'
import { linux, sizeOf } from '../protocol.ts'
import { Reply } from '../reply.ts'
import type { Session } from '../session.ts'
import type { Operation } from './operation.ts'

const header = sizeOf.inHeader

/**
 * Namespaces a tree may hold. `system.` would be access control lists, which we do not enforce:
 * claiming to store one would be worse than saying no. https://man7.org/linux/man-pages/man7/xattr.7.html
 */
const namespaces = /^(?:user|trusted|security)\./
/** Names that only the superuser sees: the kernel hides them for file systems of its own, for us it does not. */
const hidden = 'trusted.'

/** Why a name cannot be that of an attribute here, negated, or 0. A namespace alone is no name. */
function nameFault(name: string): number {
  const namespace = namespaces.exec(name)?.[0]
  if (namespace === undefined) return -errno.EOPNOTSUPP
  return namespace === name ? -errno.EINVAL : 0
}

/** struct fuse_getxattr_in: size, padding; then the name. */
export const getXattr: Operation = {
  bytes: header + 8 + 2,
  answer: session => {
    const { request } = session
    const name = request.bytesAsText(header + 8)
    return nameFault(name) || replyBytes(session, session.tree.xattr(request.ino, name))
  }
}

/** struct fuse_getxattr_in. Names, each with its NUL. */
export const listXattrs: Operation = {
  bytes: header + 8,
  answer: session => {
    const { ino, caller } = session.request
    const all = session.tree.xattrNames(ino)
    const names = caller.uid === 0 ? all : all.filter(name => !name.startsWith(hidden))
    return replyBytes(session, Buffer.from(names.map(name => `${name}\0`).join(''), 'latin1'))
  }
}

/** A caller that gives no room asks for the length; one that gives too little gets ERANGE. */
function replyBytes({ request, reply }: Session, bytes: Uint8Array): number {
  const room = request.word(10)
  if (room === 0) {
    reply.words[Reply.start] = bytes.length
    reply.words[Reply.start + 1] = 0
    return sizeOf.xattrOut
  }
  if (bytes.length > room) return -errno.ERANGE
  reply.payload(bytes.length).set(bytes)
  return bytes.length
}

/** struct fuse_setxattr_in without its extension: size, flags; then the name and the value. */
export const setXattr: Operation = {
  bytes: header + 8 + 2,
  answer: session => {
    const { request } = session
    const name = request.bytesAsText(header + 8)
    const tree = session.writer()
    const fault = nameFault(name)
    if (fault !== 0) return fault
    const value = new Uint8Array(request.slice(request.after(header + 8), request.word(10)))
    const flags = request.word(11)
    // To create and to replace at once: never done, but the error says which of both it fails.
    if (flags === (linux.xattrCreate | linux.xattrReplace)) tree.xattr(request.ino, name)
    tree.setXattr(request.ino, name, value, modes[flags] ?? 'any')
    return 0
  }
}

const modes: Readonly<Record<number, 'create' | 'replace'>> = {
  [linux.xattrCreate]: 'create',
  [linux.xattrReplace]: 'replace',
  [linux.xattrCreate | linux.xattrReplace]: 'create'
}

export const removeXattr: Operation = {
  bytes: header + 2,
  answer: session => {
    const { request } = session
    const name = request.bytesAsText(header)
    const tree = session.writer()
    const fault = nameFault(name)
    if (fault === 0) tree.removeXattr(request.ino, name)
    return fault
  }
}
