import { CairnError, toCairnError } from '../base/errors.ts'
import { errno, errnoOf } from './errno.ts'
import * as attributes from './operations/attributes.ts'
import * as directories from './operations/directories.ts'
import * as files from './operations/files.ts'
import * as names from './operations/names.ts'
import { type Operation, silent } from './operations/operation.ts'
import * as ranges from './operations/ranges.ts'
import * as xattrs from './operations/xattrs.ts'
import { opcode, opcodeCount, sizeOf } from './protocol.ts'
import type { Session } from './session.ts'

/** A handler failed in a way nobody planned, or content is damaged: what an operator should know. */
export interface Fault {
  readonly opcode: number
  readonly ino: number
  readonly error: CairnError
}

const header = sizeOf.inHeader
const refuse = (number: number): Operation => ({ bytes: header, answer: () => -number })
const agree: Operation = { bytes: header, answer: () => 0 }

/**
 * Every request we answer by more than ENOSYS, which the kernel takes as "never ask again":
 * - FLUSH: nothing is held back between a write and its answer, so a close has nothing to report.
 * - ACCESS: the mount has `default_permissions`.
 * - GETLK, SETLK, SETLKW: locks are the kernel's own, since nobody else serves the same files.
 */
const table: ReadonlyMap<number, Operation> = new Map([
  [opcode.lookup, names.lookup],
  [opcode.forget, names.forget],
  [opcode.batch_forget, names.forgetBatch],
  [opcode.readlink, names.readLink],
  [opcode.symlink, names.symlink],
  [opcode.mknod, names.makeNode],
  [opcode.mkdir, names.makeDirectory],
  [opcode.unlink, names.unlink],
  [opcode.rmdir, names.removeDirectory],
  [opcode.link, names.link],
  [opcode.rename, names.rename],
  [opcode.rename2, names.renameWithFlags],
  [opcode.getattr, attributes.getAttributes],
  [opcode.setattr, attributes.setAttributes],
  [opcode.statfs, attributes.statistics],
  [opcode.open, files.open],
  [opcode.create, files.create],
  [opcode.read, files.read],
  [opcode.write, files.write],
  [opcode.tmpfile, files.makeTemporary],
  [opcode.release, files.release],
  [opcode.fallocate, ranges.allocate],
  [opcode.lseek, ranges.seek],
  [opcode.copy_file_range, ranges.copyRange],
  [opcode.copy_file_range_64, ranges.copyRange64],
  [opcode.fsync, files.synchronize],
  [opcode.fsyncdir, files.synchronize],
  [opcode.opendir, directories.openDirectory],
  [opcode.releasedir, directories.releaseDirectory],
  [opcode.readdir, directories.readDirectory],
  [opcode.readdirplus, directories.readDirectoryWithAttributes],
  [opcode.getxattr, xattrs.getXattr],
  [opcode.listxattr, xattrs.listXattrs],
  [opcode.setxattr, xattrs.setXattr],
  [opcode.removexattr, xattrs.removeXattr],
  [opcode.ioctl, refuse(errno.ENOTTY)],
  [opcode.destroy, agree]
])

const operations: ReadonlyArray<Operation | undefined> = Array.from(
  { length: opcodeCount },
  (_, code) => table.get(code)
)

/**
 * Answers the request of a session into its reply; returns the bytes to send, 0 for none. Throws
 * only `missing` with a want: the request is to be answered later, by whoever fetches that.
 * INIT and INTERRUPT never come here.
 */
export function dispatch(session: Session, report: (fault: Fault) => void): number {
  const { request, reply } = session
  const operation = operations[request.opcode]
  if (operation === undefined) return reply.finish(request, -errno.ENOSYS)
  if (!request.wellFormed || request.length < operation.bytes) {
    return reply.finish(request, -errno.EINVAL)
  }
  try {
    const payload = operation.answer(session)
    return payload === silent ? 0 : reply.finish(request, payload)
  } catch (cause) {
    const error = toCairnError(cause)
    if (error.code === 'missing' && error.want !== undefined) throw error
    if (isFault(cause, error)) report({ opcode: request.opcode, ino: request.ino, error })
    return reply.finish(request, -errnoOf[error.code])
  }
}

function isFault(cause: unknown, error: CairnError): boolean {
  return !(cause instanceof CairnError) || error.code === 'io' || error.code === 'corrupt'
}
