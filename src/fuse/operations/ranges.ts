import { CairnError } from '../../base/errors.ts'
import type { Allocation, WritableTree } from '../../vfs/api.ts'
import { errno } from '../errno.ts'
import { fallocate, seekWhence, sizeOf } from '../protocol.ts'
import { Reply } from '../reply.ts'
import type { Session } from '../session.ts'
import type { Operation } from './operation.ts'

const header = sizeOf.inHeader

/**
 * struct fuse_fallocate_in: handle, offset, length, mode, padding. To collapse or insert a range is not
 * for us; with EOPNOTSUPP programs do without.
 */
export const allocate: Operation = {
  bytes: header + 32,
  answer: session => {
    const { request } = session
    const mode = request.word(16)
    const kind = allocationKinds[mode & ~fallocate.keepSize]
    if (kind === undefined) return -errno.EOPNOTSUPP
    session.writer().allocate(request.ino, {
      kind,
      position: request.number(12),
      length: request.number(14),
      keepSize: (mode & fallocate.keepSize) !== 0
    })
    return 0
  }
}

const allocationKinds: Readonly<Record<number, Allocation['kind']>> = {
  0: 'allocate',
  [fallocate.punchHole]: 'punch',
  [fallocate.zeroRange]: 'zero'
}

/** struct fuse_lseek_in: handle, offset, whence. ENOSYS where nothing is written: the kernel then takes all for data. */
export const seek: Operation = {
  bytes: header + 24,
  answer: session => {
    const { request, reply, tree } = session
    const what = seekKinds[request.word(14)]
    if (what === undefined) return -errno.EINVAL
    if (!('seek' in tree)) return -errno.ENOSYS
    const found = session.writer().seek(request.ino, request.number(12), what)
    if (found === undefined) return -errno.ENXIO
    reply.number(Reply.start, found)
    return sizeOf.lseekOut
  }
}

const seekKinds: Readonly<Record<number, Parameters<WritableTree['seek']>[2]>> = {
  [seekWhence.data]: 'data',
  [seekWhence.hole]: 'hole'
}

/**
 * struct fuse_copy_file_range_in: handle, offset, the target's inode, handle and offset; length, flags.
 * A target that the kernel writes in place keeps its file: at EOPNOTSUPP the kernel copies bytes itself.
 */
function copy(session: Session): number {
  const { inPlace, request } = session
  if (inPlace === undefined) return copyNow(session)
  let copied = 0
  const done = inPlace.unlessBacked(request.number(14), () => {
    copied = copyNow(session)
  })
  if (!done) throw new CairnError('unsupported', 'the kernel writes to that file in place')
  return copied
}

function copyNow({ request, writer }: Session): number {
  const from = { ino: request.ino, position: request.number(12) }
  const to = { ino: request.number(14), position: request.number(18) }
  return writer().copyRange(from, to, request.number(20))
}

/** Answered by struct fuse_write_out, whose size has 32 bits: of more the kernel asks again for the rest. */
export const copyRange: Operation = {
  bytes: header + 56,
  answer: session => {
    session.reply.words[Reply.start] = Math.min(copy(session), 0xffff_f000)
    session.reply.words[Reply.start + 1] = 0
    return sizeOf.writeOut
  }
}

/** Answered by struct fuse_copy_file_range_out (protocol 7.45). */
export const copyRange64: Operation = {
  bytes: header + 56,
  answer: session => {
    session.reply.number(Reply.start, copy(session))
    return sizeOf.copyRangeOut
  }
}
