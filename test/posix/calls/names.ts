import { encode } from '../language.ts'
import { open, type Posix } from '../posix.ts'
import { type Call, modeOf } from './session.ts'

const kinds = {
  fifo: 0o010000,
  character: 0o020000,
  folder: 0o040000,
  block: 0o060000,
  regular: 0o100000,
  link: 0o120000,
  socket: 0o140000,
  none: 0
} as const
const renameFlags = { noReplace: 1, exchange: 2 } as const
const pageBytes = 8192

/** Calls on names. */
export const nameCalls: Readonly<Record<string, Call>> = {
  umask: ({ posix }, mask) => posix.umask(modeOf(mask)),
  chdir: ({ posix }, path = '') => posix.chdir(path),
  mkdir: ({ posix }, path = '', mode = '0755') => posix.makeDirectory(path, modeOf(mode)),
  rmdir: ({ posix }, path = '') => posix.removeDirectory(path),
  unlink: ({ posix }, path = '') => posix.unlink(path),
  mkfifo: ({ posix }, path = '', mode = '0644') =>
    posix.makeNode(path, kinds.fifo | modeOf(mode), 0),
  mknod: ({ posix }, path = '', kind = '', mode = '0644', device = '0') =>
    posix.makeNode(path, kinds[kind as keyof typeof kinds] | modeOf(mode), Number(device)),
  symlink: ({ posix }, target = '', path = '') => posix.makeSymlink(target, path),
  readlink: ({ posix }, path = '') => encode(posix.readLink(path)),
  link: ({ posix }, path = '', newPath = '') => posix.makeLink(path, newPath, false),
  linkFollowing: ({ posix }, path = '', newPath = '') => posix.makeLink(path, newPath, true),
  rename: ({ posix }, path = '', newPath = '') => posix.rename(path, newPath, 0),
  noReplace: ({ posix }, path = '', newPath = '') =>
    posix.rename(path, newPath, renameFlags.noReplace),
  exchange: ({ posix }, path = '', newPath = '') =>
    posix.rename(path, newPath, renameFlags.exchange),
  renameat2: ({ posix }, path = '', newPath = '', flags = '') =>
    posix.rename(path, newPath, Number(flags)),
  access: ({ posix }, path = '', rights = '') => posix.access(path, accessBits(rights)),
  list: ({ posix }, path = '') => list(posix, path)
}

function accessBits(rights: string): number {
  return [...rights].reduce((bits, right) => bits | ({ r: 4, w: 2, x: 1 }[right] ?? 0), 0)
}

/** Sorted names of a folder, without `.` and `..`. */
function list(posix: Posix, path: string): string {
  const descriptor = posix.open(path, open.O_RDONLY | open.O_DIRECTORY, 0)
  try {
    const found = allNames(posix, descriptor).filter(name => name !== '.' && name !== '..')
    return found.length === 0 ? 'nothing' : found.map(encode).sort().join(' ')
  } finally {
    posix.close(descriptor)
  }
}

function allNames(posix: Posix, descriptor: number): string[] {
  const all: string[] = []
  for (;;) {
    const some = posix.entries(descriptor, pageBytes)
    if (some.length === 0) return all
    all.push(...some.map(entry => entry.name))
  }
}
