import type { Entry, Posix, Stat, Target, Time, User } from '../posix.ts'
import { extras } from './extras.ts'
import { cString, libc } from './libc.ts'

const calls = {
  seteuid: libc('int seteuid(uint32_t)'),
  setegid: libc('int setegid(uint32_t)'),
  setgroups: libc('int setgroups(size_t, const void*)'),
  umask: libc('uint32_t umask(uint32_t)'),
  chdir: libc('int chdir(const void*)'),
  open: libc('int open(const void*, int, uint32_t)'),
  close: libc('int close(int)'),
  read: libc('int64_t read(int, void*, size_t)'),
  pread: libc('int64_t pread64(int, void*, size_t, int64_t)'),
  write: libc('int64_t write(int, const void*, size_t)'),
  pwrite: libc('int64_t pwrite64(int, const void*, size_t, int64_t)'),
  lseek: libc('int64_t lseek64(int, int64_t, int)'),
  getdents: libc('int64_t getdents64(int, void*, size_t)'),
  statx: libc('int statx(int, const void*, int, uint32_t, void*)'),
  chmod: libc('int chmod(const void*, uint32_t)'),
  fchmod: libc('int fchmod(int, uint32_t)'),
  fchownat: libc('int fchownat(int, const void*, uint32_t, uint32_t, int)'),
  fchown: libc('int fchown(int, uint32_t, uint32_t)'),
  utimensat: libc('int utimensat(int, const void*, const void*, int)'),
  futimens: libc('int futimens(int, const void*)'),
  truncate: libc('int truncate64(const void*, int64_t)'),
  ftruncate: libc('int ftruncate64(int, int64_t)'),
  faccessat: libc('int faccessat(int, const void*, int, int)'),
  mkdir: libc('int mkdir(const void*, uint32_t)'),
  mknod: libc('int mknod(const void*, uint32_t, uint64_t)'),
  symlink: libc('int symlink(const void*, const void*)'),
  linkat: libc('int linkat(int, const void*, int, const void*, int)'),
  readlink: libc('int64_t readlink(const void*, void*, size_t)'),
  unlink: libc('int unlink(const void*)'),
  rmdir: libc('int rmdir(const void*)'),
  rename: libc('int rename(const void*, const void*)'),
  renameat2: libc('int renameat2(int, const void*, int, const void*, uint32_t)'),
  setxattr: libc('int setxattr(const void*, const void*, const void*, size_t, int)'),
  lsetxattr: libc('int lsetxattr(const void*, const void*, const void*, size_t, int)'),
  fsetxattr: libc('int fsetxattr(int, const void*, const void*, size_t, int)'),
  getxattr: libc('int64_t getxattr(const void*, const void*, void*, size_t)'),
  lgetxattr: libc('int64_t lgetxattr(const void*, const void*, void*, size_t)'),
  fgetxattr: libc('int64_t fgetxattr(int, const void*, void*, size_t)'),
  listxattr: libc('int64_t listxattr(const void*, void*, size_t)'),
  llistxattr: libc('int64_t llistxattr(const void*, void*, size_t)'),
  flistxattr: libc('int64_t flistxattr(int, void*, size_t)'),
  removexattr: libc('int removexattr(const void*, const void*)'),
  lremovexattr: libc('int lremovexattr(const void*, const void*)'),
  fremovexattr: libc('int fremovexattr(int, const void*)'),
  statvfs: libc('int statvfs(const void*, void*)'),
  fsync: libc('int fsync(int)'),
  fdatasync: libc('int fdatasync(int)')
}

const at = {
  cwd: -100,
  noFollow: 0x100,
  effective: 0x200,
  follow: 0x400,
  emptyPath: 0x1000
} as const

/** The calling process itself, through its C library. */
export function systemCalls(): Posix {
  let current = 0
  return {
    ...files,
    ...names,
    ...attributes,
    kernel: extras,
    become: user => {
      if (user.uid === current) return
      if (current !== 0) calls.seteuid(0)
      takeGroups(user)
      if (user.uid !== 0) calls.seteuid(user.uid)
      current = user.uid
    }
  }
}

function takeGroups({ gid, groups }: User): void {
  calls.setgroups(groups.length, Uint8Array.from(new Uint8Array(Uint32Array.from(groups).buffer)))
  calls.setegid(gid)
}

const files = {
  open: (path, flags, mode) => calls.open(cString(path), flags, mode),
  close: descriptor => void calls.close(descriptor),
  read: (descriptor, count, position) => {
    const bytes = Buffer.alloc(count)
    const found =
      position < 0
        ? calls.read(descriptor, bytes, count)
        : calls.pread(descriptor, bytes, count, position)
    return bytes.toString('latin1', 0, Number(found))
  },
  write: (descriptor, text, position) => {
    const bytes = Buffer.from(text, 'latin1')
    return position < 0
      ? calls.write(descriptor, bytes, bytes.length)
      : calls.pwrite(descriptor, bytes, bytes.length, position)
  },
  seek: (descriptor, offset, whence) => Number(calls.lseek(descriptor, offset, whence)),
  entries: (descriptor, room) => {
    const bytes = Buffer.alloc(room)
    const end = Number(calls.getdents(descriptor, bytes, room))
    return [...direntsOf(bytes.subarray(0, end))]
  },
  truncate: (target, bytes) => {
    if (typeof target === 'number') calls.ftruncate(target, bytes)
    else calls.truncate(cString(target.path), bytes)
  },
  synchronize: (descriptor, dataOnly) =>
    void (dataOnly ? calls.fdatasync(descriptor) : calls.fsync(descriptor))
} satisfies Partial<Posix>

/** struct linux_dirent64: inode, offset, length, type, name. */
function* direntsOf(bytes: Buffer): Iterable<Entry> {
  for (let start = 0; start < bytes.length; start += bytes.readUInt16LE(start + 16)) {
    const name = bytes.toString('latin1', start + 19, bytes.indexOf(0, start + 19))
    yield { name, type: bytes[start + 18]!, next: bytes.readBigInt64LE(start + 8) }
  }
}

const names = {
  umask: mask => void calls.umask(mask),
  chdir: path => void calls.chdir(cString(path)),
  makeDirectory: (path, mode) => void calls.mkdir(cString(path), mode),
  makeNode: (path, mode, device) => void calls.mknod(cString(path), mode, device),
  makeSymlink: (target, path) => void calls.symlink(cString(target), cString(path)),
  makeLink: (path, newPath, follow) =>
    void calls.linkat(at.cwd, cString(path), at.cwd, cString(newPath), follow ? at.follow : 0),
  readLink: path => {
    const bytes = Buffer.alloc(4096)
    return bytes.toString('latin1', 0, Number(calls.readlink(cString(path), bytes, bytes.length)))
  },
  unlink: path => void calls.unlink(cString(path)),
  removeDirectory: path => void calls.rmdir(cString(path)),
  rename: (path, newPath, flags) =>
    void (flags === 0
      ? calls.rename(cString(path), cString(newPath))
      : calls.renameat2(at.cwd, cString(path), at.cwd, cString(newPath), flags))
} satisfies Partial<Posix>

const allOnes = 0xffff_ffff

const attributes = {
  stat: target => statOf(target),
  changeMode: (target, mode) =>
    void (typeof target === 'number'
      ? calls.fchmod(target, mode)
      : calls.chmod(cString(target.path), mode)),
  changeOwner: (target, uid, gid) => {
    const ids = [uid, gid].map(id => (id < 0 ? allOnes : id)) as [number, number]
    if (typeof target === 'number') calls.fchown(target, ...ids)
    else calls.fchownat(at.cwd, cString(target.path), ...ids, target.follow ? 0 : at.noFollow)
  },
  setTimes: (target, atime, mtime) => {
    const times = timesOf(atime, mtime)
    if (typeof target === 'number') calls.futimens(target, times)
    else calls.utimensat(at.cwd, cString(target.path), times, target.follow ? 0 : at.noFollow)
  },
  access: (path, bits) => void calls.faccessat(at.cwd, cString(path), bits, at.effective),
  setXattr: (target, name, value, flags) => {
    const rest = [cString(name), Buffer.from(value, 'latin1'), value.length, flags] as const
    if (typeof target === 'number') calls.fsetxattr(target, ...rest)
    else calls[target.follow ? 'setxattr' : 'lsetxattr'](cString(target.path), ...rest)
  },
  getXattr: (target, name, room) =>
    filled(room, bytes =>
      typeof target === 'number'
        ? calls.fgetxattr(target, cString(name), bytes, room)
        : calls[target.follow ? 'getxattr' : 'lgetxattr'](
            cString(target.path),
            cString(name),
            bytes,
            room
          )
    ),
  listXattrs: (target, room) =>
    filled(room, bytes =>
      typeof target === 'number'
        ? calls.flistxattr(target, bytes, room)
        : calls[target.follow ? 'listxattr' : 'llistxattr'](cString(target.path), bytes, room)
    ),
  removeXattr: (target, name) => {
    if (typeof target === 'number') calls.fremovexattr(target, cString(name))
    else calls[target.follow ? 'removexattr' : 'lremovexattr'](cString(target.path), cString(name))
  },
  statistics: path => {
    const bytes = Buffer.alloc(112)
    calls.statvfs(cString(path), bytes)
    const [blocks, freeBlocks, nameBytes] = [16, 24, 80].map(offset =>
      Number(bytes.readBigUInt64LE(offset))
    ) as [number, number, number]
    return { blocks, freeBlocks, nameBytes }
  }
} satisfies Partial<Posix>

function filled(room: number, fill: (bytes: Buffer) => number): string | number {
  const bytes = Buffer.alloc(room)
  const found = Number(fill(bytes))
  return room === 0 ? found : bytes.toString('latin1', 0, found)
}

/** struct statx has the same layout on every machine. */
function statOf(target: Target): Stat {
  const bytes = Buffer.alloc(256)
  if (typeof target === 'number') calls.statx(target, cString(''), at.emptyPath, 0x7ff, bytes)
  else calls.statx(at.cwd, cString(target.path), target.follow ? 0 : at.noFollow, 0x7ff, bytes)
  const time = (offset: number) =>
    `${bytes.readBigInt64LE(offset)}.${String(bytes.readUInt32LE(offset + 8)).padStart(9, '0')}`
  return {
    links: bytes.readUInt32LE(16),
    uid: bytes.readUInt32LE(20),
    gid: bytes.readUInt32LE(24),
    mode: bytes.readUInt16LE(28),
    ino: Number(bytes.readBigUInt64LE(32)),
    size: Number(bytes.readBigUInt64LE(40)),
    blocks: Number(bytes.readBigUInt64LE(48)),
    atime: time(64),
    ctime: time(96),
    mtime: time(112),
    rdev: (bytes.readUInt32LE(128) << 8) | bytes.readUInt32LE(132)
  }
}

const special = { now: 0x3fff_ffff, omit: 0x3fff_fffe } as const

/** Two struct timespec. */
function timesOf(...times: [atime: Time, mtime: Time]): Uint8Array {
  const bytes = Buffer.alloc(32)
  times.forEach((time, index) => {
    const plain = typeof time !== 'string'
    bytes.writeBigInt64LE(BigInt(plain ? time.seconds : 0), index * 16)
    bytes.writeBigInt64LE(BigInt(plain ? time.nanoseconds : special[time]), index * 16 + 8)
  })
  return bytes
}
