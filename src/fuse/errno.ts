import type { ErrorCode } from '../base/errors.ts'

/** Linux's numbers, asm-generic/errno.h; the protocol wants them negated. */
export const errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ENODATA: 61,
  EOPNOTSUPP: 95,
  ETIMEDOUT: 110
} as const

/** What each error is to a program that made a system call. */
export const errnoOf: Readonly<Record<ErrorCode, number>> = {
  'not-found': errno.ENOENT,
  exists: errno.EEXIST,
  'not-directory': errno.ENOTDIR,
  'is-directory': errno.EISDIR,
  'not-empty': errno.ENOTEMPTY,
  'name-too-long': errno.ENAMETOOLONG,
  invalid: errno.EINVAL,
  'read-only': errno.EROFS,
  denied: errno.EACCES,
  'not-permitted': errno.EPERM,
  'no-space': errno.ENOSPC,
  'file-too-large': errno.EFBIG,
  'no-attribute': errno.ENODATA,
  'out-of-range': errno.ERANGE,
  loop: errno.ELOOP,
  busy: errno.EBUSY,
  conflict: errno.EBUSY,
  unsupported: errno.EOPNOTSUPP,
  missing: errno.EIO,
  corrupt: errno.EIO,
  mismatch: errno.EIO,
  upstream: errno.EIO,
  timeout: errno.ETIMEDOUT,
  aborted: errno.EINTR,
  usage: errno.EINVAL,
  io: errno.EIO
}
