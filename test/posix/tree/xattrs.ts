import { type Attributes, fileType } from '../../../src/vfs/api.ts'
import { Errno, type Posix, type Target, type User } from '../posix.ts'
import { isFolder, mayDo, rights, type Walker } from './walk.ts'

const most = { nameBytes: 255, valueBytes: 65_536 } as const
const modes = ['any', 'create', 'replace', 'create'] as const
const createAndReplace = 3
const stickyBit = 0o1000

type XattrCalls = Pick<Posix, 'setXattr' | 'getXattr' | 'listXattrs' | 'removeXattr'>

/** What the kernel checks before it asks a file system for attributes: fs/xattr.c. */
export function xattrCalls(walker: Walker, find: (target: Target) => Attributes): XattrCalls {
  const { tree } = walker
  return {
    setXattr: (target, name, value, flags) =>
      walker.call(() => {
        const mode = modes[flags]
        if (mode === undefined) throw new Errno('EINVAL')
        checkName(name)
        if (value.length > most.valueBytes) throw new Errno('E2BIG')
        const found = find(target)
        demandNamespace(walker, found, name, rights.write)
        if (flags === createAndReplace) tree.xattr(found.ino, name)
        tree.setXattr(found.ino, name, Buffer.from(value, 'latin1'), mode)
      }),
    getXattr: (target, name, room) =>
      walker.call(() => {
        checkName(name)
        const found = find(target)
        demandNamespace(walker, found, name, rights.read)
        return fitted(tree.xattr(found.ino, name), room)
      }),
    listXattrs: (target, room) =>
      walker.call(() => {
        const all = tree.xattrNames(find(target).ino)
        const names = all.filter(name => walker.user.uid === 0 || !name.startsWith('trusted.'))
        return fitted(Buffer.from(names.map(name => `${name}\0`).join(''), 'latin1'), room)
      }),
    removeXattr: (target, name) =>
      walker.call(() => {
        checkName(name)
        const found = find(target)
        demandNamespace(walker, found, name, rights.write)
        tree.removeXattr(found.ino, name)
      })
  }
}

function checkName(name: string): void {
  if (name === '' || name.length > most.nameBytes) throw new Errno('ERANGE')
}

/** https://man7.org/linux/man-pages/man7/xattr.7.html */
function demandNamespace({ user }: Walker, found: Attributes, name: string, wanted: number): void {
  const writes = wanted === rights.write
  if (!/^(user|trusted|security)\./.test(name)) throw new Errno('EOPNOTSUPP')
  if (name.startsWith('trusted.') && user.uid !== 0) throw new Errno(writes ? 'EPERM' : 'ENODATA')
  if (name.startsWith('security.') && writes && user.uid !== 0) throw new Errno('EPERM')
  if (name.startsWith('user.')) demandUserNamespace(user, found, wanted)
  if (/^\w+\.$/.test(name)) throw new Errno('EINVAL')
}

function demandUserNamespace(user: User, found: Attributes, wanted: number): void {
  const writes = wanted === rights.write
  const regular = (found.mode & fileType.mask) === fileType.regular
  if (!regular && !isFolder(found)) throw new Errno(writes ? 'EPERM' : 'ENODATA')
  const foreign = user.uid !== 0 && user.uid !== found.uid
  if (writes && isFolder(found) && (found.mode & stickyBit) !== 0 && foreign)
    throw new Errno('EPERM')
  if (!mayDo(user, found, wanted)) throw new Errno('EACCES')
}

function fitted(bytes: Uint8Array, room: number): string | number {
  if (room === 0) return bytes.length
  if (bytes.length > room) throw new Errno('ERANGE')
  return Buffer.from(bytes).toString('latin1')
}
