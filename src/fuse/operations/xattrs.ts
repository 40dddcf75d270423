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

/** struct fuse_getxattr_in: size, padding; then the name. */
export const getXattr: Operation = {
  bytes: header + 8 + 2,
  answer: session => {
    const { request } = session
    const name = request.text(header + 8)
    if (!namespaces.test(name)) return -errno.EOPNOTSUPP
    return replyBytes(session, session.tree.xattr(request.ino, name))
  }
}

/** struct fuse_getxattr_in. Names, each with its NUL. */
export const listXattrs: Operation = {
  bytes: header + 8,
  answer: session => {
    const names = session.tree.xattrNames(session.request.ino)
    return replyBytes(session, Buffer.from(names.map(name => `${name}\0`).join('')))
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
    const name = request.text(header + 8)
    const tree = session.writer()
    if (!namespaces.test(name)) return -errno.EOPNOTSUPP
    const value = new Uint8Array(request.slice(request.after(header + 8), request.word(10)))
    tree.setXattr(request.ino, name, value, modes[request.word(11)] ?? 'any')
    return 0
  }
}

const modes: Readonly<Record<number, 'create' | 'replace'>> = {
  [linux.xattrCreate]: 'create',
  [linux.xattrReplace]: 'replace'
}

export const removeXattr: Operation = {
  bytes: header + 2,
  answer: session => {
    const { request } = session
    session.writer().removeXattr(request.ino, request.text(header))
    return 0
  }
}
