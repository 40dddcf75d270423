import {
  type AttributeChanges,
  type Attributes,
  fileType,
  type WritableTree
} from '../../../src/vfs/api.ts'
import { Errno, type Posix, type Stat, type Target, type Time, users } from '../posix.ts'
import { Descriptors, withoutSetIds } from './files.ts'
import { nameCalls } from './names.ts'
import { demand, isFolder, mayDo, rights, Walker } from './walk.ts'
import { xattrCalls } from './xattrs.ts'

/** A process whose kernel knows no file system but a tree, and no other process. */
export function treeSystem(tree: WritableTree): Posix {
  const walker = new Walker(tree, users.root!)
  let mask = 0
  const masked = (mode: number) => mode & ~mask
  const descriptors = new Descriptors(walker, masked)
  const find = (target: Target): Attributes =>
    typeof target === 'number'
      ? tree.attributes(descriptors.at(target).ino)
      : walker.find(target.path, target.follow)
  return {
    ...descriptors.calls(),
    ...nameCalls(walker, masked),
    ...xattrCalls(walker, find),
    ...attributeCalls(walker, find),
    become: user => {
      walker.user = user
    },
    umask: wanted => {
      mask = wanted
    },
    chdir: path =>
      walker.call(() => {
        const found = walker.find(path, true)
        if (!isFolder(found)) throw new Errno('ENOTDIR')
        demand(walker.user, found, rights.search)
        walker.cwd = found.ino
        walker.retain(found.ino)
      }),
    statistics: path =>
      walker.call(() => {
        walker.find(path, true)
        const { blocks, freeBlocks } = tree.statistics()
        return { blocks, freeBlocks, nameBytes: 255 }
      })
  }
}

type AttributeCalls = Pick<Posix, 'stat' | 'changeMode' | 'changeOwner' | 'setTimes' | 'access'>

/** What the kernel checks before it changes attributes: fs/attr.c. */
function attributeCalls(walker: Walker, find: (target: Target) => Attributes): AttributeCalls {
  const { tree } = walker
  return {
    stat: target => walker.call(() => statOf(find(target))),
    changeMode: (target, mode) =>
      walker.call(() => {
        const found = find(target)
        demandOwner(walker, found)
        tree.change(found.ino, { mode: grantedMode(walker, found, mode & 0o7777) }, walker.user)
      }),
    changeOwner: (target, uid, gid) =>
      walker.call(() => {
        const found = find(target)
        demandOwnership(walker, found, uid, gid)
        const changes: AttributeChanges = {
          ...(uid >= 0 && { uid }),
          ...(gid >= 0 && { gid }),
          ...(!isFolder(found) && withoutSetIds(found.mode) !== (found.mode & 0o7777)
            ? { mode: withoutSetIds(found.mode) }
            : {})
        }
        tree.change(found.ino, changes, walker.user)
      }),
    setTimes: (target, atime, mtime) =>
      walker.call(() => {
        if (![atime, mtime].every(isTime)) throw new Errno('EINVAL')
        if (atime === 'omit' && mtime === 'omit') return
        const found = find(target)
        demandTimes(walker, found, atime, mtime)
        const changes: AttributeChanges = {
          ...(atime !== 'omit' && { atime }),
          ...(mtime !== 'omit' && { mtime })
        }
        tree.change(found.ino, changes, walker.user)
      }),
    access: (path, bits) => walker.call(() => demand(walker.user, walker.find(path, true), bits))
  }
}

function demandOwner({ user }: Walker, { uid }: Attributes): void {
  if (user.uid !== 0 && user.uid !== uid) throw new Errno('EPERM')
}

/** Set-group-ID is not for those outside the group. */
function grantedMode({ user }: Walker, { gid }: Attributes, mode: number): number {
  const inGroup = user.uid === 0 || user.gid === gid || user.groups.includes(gid)
  return inGroup ? mode : mode & ~0o2000
}

function demandOwnership({ user }: Walker, found: Attributes, uid: number, gid: number): void {
  if (user.uid === 0) return
  const owns = user.uid === found.uid
  const keepsUser = uid < 0 || (owns && uid === found.uid)
  const inGroup = user.gid === gid || user.groups.includes(gid)
  const keepsGroup = gid < 0 || (owns && (gid === found.gid || inGroup))
  if (!keepsUser || !keepsGroup) throw new Errno('EPERM')
}

function isTime(time: Time): boolean {
  return typeof time === 'string' || (time.nanoseconds >= 0 && time.nanoseconds < 1_000_000_000)
}

function demandTimes(walker: Walker, found: Attributes, atime: Time, mtime: Time): void {
  const { user } = walker
  if (user.uid === 0 || user.uid === found.uid) return
  const bothNow = atime === 'now' && mtime === 'now'
  if (!bothNow) throw new Errno('EPERM')
  if (!mayDo(user, found, rights.write)) throw new Errno('EACCES')
}

function statOf(found: Attributes): Stat {
  const time = (seconds: number, nanoseconds: number) =>
    `${seconds}.${String(nanoseconds).padStart(9, '0')}`
  const regular = (found.mode & fileType.mask) === fileType.regular
  return {
    ...found,
    blocks: found.blocks ?? (regular ? Math.ceil(found.size / 512) : 0),
    atime: time(found.atimeSeconds, found.atimeNanoseconds),
    mtime: time(found.mtimeSeconds, found.mtimeNanoseconds),
    ctime: time(found.ctimeSeconds, found.ctimeNanoseconds)
  }
}
