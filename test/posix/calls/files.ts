import { encode } from '../language.ts'
import type { Posix } from '../posix.ts'
import { type Call, descriptorOf, flagsOf, followed, keep, modeOf } from './session.ts'

const whences = { SEEK_SET: 0, SEEK_CUR: 1, SEEK_END: 2, SEEK_DATA: 3, SEEK_HOLE: 4 } as const
const flags = { readOnly: 0, put: 0o1101 } as const
const pieceBytes = 65_536

/** Calls on files and descriptors. */
export const fileCalls: Readonly<Record<string, Call>> = {
  open: (session, path = '', flags = '', mode = '0644') =>
    keep(session, session.posix.open(path, flagsOf(flags), modeOf(mode))),
  creat: (session, path = '', mode = '0644') =>
    keep(session, session.posix.open(path, flags.put, modeOf(mode))),
  close: (session, name = '') => {
    const descriptor = descriptorOf(session, name)
    session.descriptors.delete(name)
    session.posix.close(descriptor)
  },
  read: (session, name = '', count = '') =>
    encode(session.posix.read(descriptorOf(session, name), Number(count), -1)),
  pread: (session, name = '', count = '', position = '') =>
    encode(session.posix.read(descriptorOf(session, name), Number(count), Number(position))),
  write: (session, name = '', bytes = '') =>
    session.posix.write(descriptorOf(session, name), bytes, -1),
  pwrite: (session, name = '', bytes = '', position = '') =>
    session.posix.write(descriptorOf(session, name), bytes, Number(position)),
  lseek: (session, name = '', offset = '', whence = '') =>
    session.posix.seek(descriptorOf(session, name), Number(offset), flagsOf(whence, whences)),
  truncate: ({ posix }, path = '', bytes = '') => posix.truncate(followed(path), Number(bytes)),
  ftruncate: (session, name = '', bytes = '') =>
    session.posix.truncate(descriptorOf(session, name), Number(bytes)),
  fsync: (session, name = '') => session.posix.synchronize(descriptorOf(session, name), false),
  fdatasync: (session, name = '') => session.posix.synchronize(descriptorOf(session, name), true),
  put: ({ posix }, path = '', bytes = '', mode = '0644') => put(posix, path, bytes, modeOf(mode)),
  get: ({ posix }, path = '') => encode(get(posix, path))
}

/** Makes or empties a file and fills it. */
function put(posix: Posix, path: string, bytes: string, mode: number): void {
  const descriptor = posix.open(path, flags.put, mode)
  try {
    if (bytes !== '') posix.write(descriptor, bytes, -1)
  } finally {
    posix.close(descriptor)
  }
}

/** The whole content. */
function get(posix: Posix, path: string): string {
  const descriptor = posix.open(path, flags.readOnly, 0)
  try {
    let content = ''
    for (let piece = ' '; piece !== ''; content += piece) {
      piece = posix.read(descriptor, pieceBytes, -1)
    }
    return content
  } finally {
    posix.close(descriptor)
  }
}
