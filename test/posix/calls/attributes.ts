import { encode } from '../language.ts'
import type { Stat, Target, Time } from '../posix.ts'
import { type Call, descriptorOf, followed, itself, modeOf, type Session } from './session.ts'

/** Calls on what an inode says of itself, each by path, by the link itself, and by descriptor. */
export const attributeCalls: Readonly<Record<string, Call>> = {
  ...byTarget('stat', ({ posix }, target, ...fields) => showStat(posix.stat(target), fields)),
  ...byTarget('chmod', ({ posix }, target, mode) => posix.changeMode(target, modeOf(mode))),
  ...byTarget('chown', ({ posix }, target, uid, gid) =>
    posix.changeOwner(target, Number(uid), Number(gid))
  ),
  ...byTarget('utimens', ({ posix }, target, atime = '', mtime = '') =>
    posix.setTimes(target, timeOf(atime), timeOf(mtime))
  ),
  ...byTarget('setxattr', ({ posix }, target, name = '', value = '', mode = 'any') =>
    posix.setXattr(target, name, value, xattrModes[mode] ?? Number(mode))
  ),
  ...byTarget('getxattr', ({ posix }, target, name = '', room = '65536') => {
    const found = posix.getXattr(target, name, Number(room))
    return typeof found === 'number' ? found : encode(found)
  }),
  /** With room for just what there is (`exact`), for a byte less (`less`), or much. */
  ...byTarget('listxattr', ({ posix }, target, room = '') => {
    const bytes = Number(posix.listXattrs(target, 0))
    if (bytes === 0) return 'nothing'
    const rooms: Record<string, number> = { exact: bytes, less: bytes - 1 }
    return namesOf(String(posix.listXattrs(target, rooms[room] ?? 65_536)))
  }),
  ...byTarget('removexattr', ({ posix }, target, name = '') => posix.removeXattr(target, name)),
  statfs: ({ posix }, path = '', field = '') => {
    const { nameBytes, blocks, freeBlocks } = posix.statistics(path)
    if (field === 'namemax') return nameBytes
    return blocks > 0 && freeBlocks <= blocks
      ? 'sane'
      : `${freeBlocks} of ${blocks} blocks are free`
  },
  same: ({ posix }, path = '', other = '') =>
    posix.stat(itself(path)).ino === posix.stat(itself(other)).ino ? 'yes' : 'no'
}

type TargetCall = (session: Session, target: Target, ...args: string[]) => ReturnType<Call>

function byTarget(name: string, run: TargetCall): Record<string, Call> {
  return {
    [name]: (session, path = '', ...args) => run(session, followed(path), ...args),
    [`l${name}`]: (session, path = '', ...args) => run(session, itself(path), ...args),
    [`f${name}`]: (session, file = '', ...args) =>
      run(session, descriptorOf(session, file), ...args)
  }
}

const typeNames: Readonly<Record<number, string>> = {
  1: 'fifo',
  2: 'character',
  4: 'folder',
  6: 'block',
  8: 'file',
  10: 'link',
  12: 'socket'
}

function showStat(stat: Stat, fields: readonly string[]): string | undefined {
  if (fields.length === 0) return undefined
  const shown: Record<string, string | number> = {
    ...stat,
    type: typeNames[stat.mode >> 12] ?? 'unknown',
    mode: (stat.mode & 0o7777).toString(8).padStart(4, '0'),
    // Whether less is allocated than the size says.
    sparse: stat.blocks * 512 < stat.size ? 'yes' : 'no'
  }
  return fields.map(field => shown[field]).join(' ')
}

/** `now`, `omit`, or seconds and nanoseconds: `12.000000034`. */
function timeOf(text: string): Time {
  if (text === 'now' || text === 'omit') return text
  const [seconds, nanoseconds = '0'] = text.split('.')
  return { seconds: Number(seconds), nanoseconds: Number(nanoseconds) }
}

const xattrModes: Readonly<Record<string, number>> = { any: 0, create: 1, replace: 2 }

/** Sorted; of what a system adds by itself nothing is said. */
function namesOf(bytes: string): string {
  const names = bytes
    .split('\0')
    .filter(name => name !== '' && !/^(security\.selinux$|system\.|user\.cairn\.)/.test(name))
  return names.length === 0 ? 'nothing' : names.map(encode).sort().join(' ')
}
