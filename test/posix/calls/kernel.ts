import { encode } from '../language.ts'
import { Errno, type KernelCalls, type Mapping, type RangeLock } from '../posix.ts'
import { type Call, descriptorOf, flagsOf, type Session } from './session.ts'

const lockOperations = { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8 } as const
const lockCommands = {
  F_GETLK: 5,
  F_SETLK: 6,
  F_SETLKW: 7,
  F_OFD_GETLK: 36,
  F_OFD_SETLK: 37
} as const
const lockTypes = { F_RDLCK: 0, F_WRLCK: 1, F_UNLCK: 2 } as const
const allocateModes = {
  none: 0,
  KEEP_SIZE: 1,
  PUNCH_HOLE: 2,
  COLLAPSE_RANGE: 8,
  ZERO_RANGE: 16,
  INSERT_RANGE: 32,
  UNSHARE_RANGE: 64
} as const
const protections = { PROT_READ: 1, PROT_WRITE: 2 } as const
const mapFlags = { MAP_SHARED: 1, MAP_PRIVATE: 2 } as const

/** Calls that only a kernel answers. */
export const kernelCalls: Readonly<Record<string, Call>> = {
  flock: (session, name = '', operation = '') =>
    kernel(session).lockWhole(descriptorOf(session, name), flagsOf(operation, lockOperations)),
  /** `lock a F_SETLK F_WRLCK 0 10`; of F_GETLK the result is the lock that is in the way. */
  lock: (session, name = '', command = '', type = '', start = '0', length = '0') => {
    const wanted = { type: flagsOf(type, lockTypes), start: Number(start), length: Number(length) }
    const number = flagsOf(command, lockCommands)
    const found = kernel(session).lockRange(descriptorOf(session, name), number, wanted)
    return command.endsWith('GETLK') ? showLock(found) : undefined
  },
  fallocate: (session, name = '', mode = '', offset = '', bytes = '') =>
    kernel(session).allocate(
      descriptorOf(session, name),
      flagsOf(mode, allocateModes),
      Number(offset),
      Number(bytes)
    ),
  /** `copyRange a 0 b 10 100`; an offset of -1 is where the descriptor stands. */
  copyRange: (session, from = '', start = '', to = '', position = '', bytes = '') =>
    kernel(session).copyRange(
      descriptorOf(session, from),
      descriptorOf(session, to),
      [Number(start), Number(position)],
      Number(bytes)
    ),
  readv: (session, name = '', lengths = '', position = '-1') =>
    kernel(session)
      .readVector(descriptorOf(session, name), lengths.split(',').map(Number), Number(position))
      .map(encode)
      .join(','),
  writev: (session, name = '', pieces = '', position = '-1') =>
    kernel(session).writeVector(descriptorOf(session, name), pieces.split(','), Number(position)),
  linkDescriptor: (session, name = '', path = '') =>
    kernel(session).linkDescriptor(descriptorOf(session, name), path),
  map: (session, name = '', bytes = '', protection = '', flags = '') => {
    const [access, kind] = [flagsOf(protection, protections), flagsOf(flags, mapFlags)]
    const mapping = kernel(session).map(descriptorOf(session, name), Number(bytes), access, kind)
    if (session.register === undefined) mapping.unmap()
    else session.mappings.set(session.register, mapping)
  },
  peek: (session, name = '', position = '', count = '') => {
    const { bytes } = mappingOf(session, name)
    const start = Number(position)
    return encode(Buffer.from(bytes.subarray(start, start + Number(count))).toString('latin1'))
  },
  poke: (session, name = '', position = '', text = '') => {
    mappingOf(session, name).bytes.set(Buffer.from(text, 'latin1'), Number(position))
  },
  msync: (session, name = '') => mappingOf(session, name).synchronize(),
  munmap: (session, name = '') => {
    mappingOf(session, name).unmap()
    session.mappings.delete(name)
  }
}

function kernel({ posix }: Session): KernelCalls {
  if (posix.kernel === undefined) throw new Errno('ENOSYS')
  return posix.kernel
}

function mappingOf({ mappings }: Session, name: string): Mapping {
  const mapping = mappings.get(name)
  if (mapping === undefined) throw new Errno('EFAULT')
  return mapping
}

function showLock({ type, start, length }: RangeLock): string {
  const name = Object.entries(lockTypes).find(([, number]) => number === type)?.[0] ?? '?'
  return type === lockTypes.F_UNLCK ? name : `${name} ${start} ${length}`
}
