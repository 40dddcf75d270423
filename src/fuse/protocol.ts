/**
 * Numbers of the FUSE kernel protocol, version 7: linux/include/uapi/linux/fuse.h, which names the
 * structures below (`fuse_in_header`, …). All integers are in the machine's byte order, which on
 * every machine Node runs FUSE on is little-endian; a 64-bit field is two words, low first. Word
 * offsets count from the start of the message.
 */
export const protocol = { major: 7, minor: 45, minimumMinor: 28 } as const

export const opcode = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  ioctl: 39,
  batch_forget: 42,
  fallocate: 43,
  readdirplus: 44,
  rename2: 45,
  lseek: 46,
  copy_file_range: 47,
  tmpfile: 51,
  copy_file_range_64: 53
} as const

/** Opcodes are below this; counters have as many places. */
export const opcodeCount = 64

/** Bytes of the structures, header not included unless it is one. */
export const sizeOf = {
  inHeader: 40,
  outHeader: 16,
  attr: 88,
  attrOut: 104,
  entryOut: 128,
  openOut: 16,
  writeOut: 8,
  statfsOut: 80,
  xattrOut: 8,
  lseekOut: 8,
  copyRangeOut: 8,
  initIn: 16,
  initOut: 64,
  dirent: 24,
  direntplus: 152,
  forgetOne: 16,
  /** fuse_in_header and fuse_write_in: where the bytes of a write begin. */
  writeHeader: 80
} as const

/** Init flags 0 to 31, `flags` of fuse_init_in and fuse_init_out. */
export const initFlag = {
  asyncRead: 1 << 0,
  atomicTruncate: 1 << 3,
  bigWrites: 1 << 5,
  autoInvalidateData: 1 << 12,
  readdirplus: 1 << 13,
  readdirplusAuto: 1 << 14,
  parallelDirectoryOperations: 1 << 18,
  maxPages: 1 << 22,
  cacheSymlinks: 1 << 23,
  handleKillprivV2: 1 << 28,
  /** There are `flags2`. */
  extended: 1 << 30
} as const

/** Init flags 32 to 63, `flags2`. */
export const initFlag2 = { passthrough: 1 << 5 } as const

/** `valid` of fuse_setattr_in. */
export const setattrValid = {
  mode: 1 << 0,
  uid: 1 << 1,
  gid: 1 << 2,
  size: 1 << 3,
  atime: 1 << 4,
  mtime: 1 << 5,
  atimeNow: 1 << 7,
  mtimeNow: 1 << 8,
  killSuidgid: 1 << 11
} as const

/** `open_flags` of fuse_open_out. */
export const openReply = { keepCache: 1 << 1, cacheDirectory: 1 << 3, passthrough: 1 << 7 } as const

/** `open_flags` of fuse_open_in, `write_flags` of fuse_write_in: the caller may not keep set-id bits. */
export const openKillSuidgid = 1 << 0
export const writeKillSuidgid = 1 << 2

/** `mode` of fuse_fallocate_in: https://man7.org/linux/man-pages/man2/fallocate.2.html */
export const fallocate = { keepSize: 1, punchHole: 2, zeroRange: 16 } as const

/** `whence` of fuse_lseek_in; the others the kernel answers by itself. */
export const seekWhence = { data: 3, hole: 4 } as const

/** `error` of an unsolicited fuse_out_header (unique 0). */
export const notification = { invalidateInode: 2, invalidateEntry: 3 } as const

/** Open flags that arrive in requests, and flags of rename and setxattr: Linux's own, the same on x86 and arm. */
export const linux = {
  accessMode: 3,
  openExclusive: 0o200,
  openTruncate: 0o1000,
  renameNoReplace: 1,
  renameExchange: 2,
  xattrCreate: 1,
  xattrReplace: 2,
  setUid: 0o4000,
  setGid: 0o2000,
  groupExecute: 0o010
} as const

/** fuse_dirent and fuse_direntplus are padded to eight bytes. */
export function align8(bytes: number): number {
  return (bytes + 7) & ~7
}
