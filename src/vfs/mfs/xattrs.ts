import { isUtf8 } from 'node:buffer'
import { CID } from 'multiformats/cid'
import { cidText } from '../../base/blocks.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Context } from './context.ts'
import { touchTimes } from './dirty.ts'
import type { Inode } from './inode.ts'
import { getInode, storeInode } from './inodes.ts'
import { spendOnRow } from './make.ts'
import { travels } from './seal-file.ts'

/** Virtual: the CID of what an inode holds; asked for before it was sealed, it wants that first. */
const cidName = 'user.cairn.cid'
/**
 * Names are bytes, one character each (latin1). A row holds those that are UTF-8 as text, all others
 * as a blob.
 */
type StoredName = string | Uint8Array

/** XATTR_SIZE_MAX of Linux. */
const valueBytes = 65536

export function getXattr(context: Context, ino: number, name: string): Uint8Array {
  const value = name === cidName ? cidBytes(getInode(context, ino)) : findXattr(context, ino, name)
  if (value !== undefined) return value
  // Before the first write to a file the kernel asks for its capabilities.
  if (!context.lookups.held(ino)) getInode(context, ino)
  throw noAttribute(ino, name)
}

export function xattrNames(context: Context, ino: number): string[] {
  const inode = getInode(context, ino)
  const rows = context.database
    .statement('SELECT name FROM xattrs WHERE ino = ?')
    .all(ino) as Array<{ name: StoredName }>
  const names = rows.map(row => nameOf(row.name))
  return hasCid(inode) ? [cidName, ...names] : names
}

export function setXattr(
  context: Context,
  ino: number,
  name: string,
  value: Uint8Array,
  mode: 'any' | 'create' | 'replace'
): void {
  if (name === cidName && isCid(value)) return
  checkWritable(name)
  if (value.byteLength > valueBytes) {
    throw new CairnError(
      'out-of-range',
      `the attribute ${name} has ${value.byteLength} bytes: at most ${valueBytes} fit`
    )
  }
  spendOnRow(context, value.byteLength)
  context.database.write(() => {
    const inode = getInode(context, ino)
    const known = findXattr(context, ino, name) !== undefined
    if (mode === 'create' && known) throw new CairnError('exists', `${name} exists`)
    if (mode === 'replace' && !known) throw noAttribute(ino, name)
    storeInode(context, inode)
    context.database
      .statement('INSERT OR REPLACE INTO xattrs VALUES (?, ?, ?)')
      .run(ino, storedName(name), value)
    touchTimes(context, ino, false)
  })
}

export function removeXattr(context: Context, ino: number, name: string): void {
  checkWritable(name)
  context.database.write(() => {
    getInode(context, ino)
    const { changes } = context.database
      .statement('DELETE FROM xattrs WHERE ino = ? AND name = ?')
      .run(ino, storedName(name))
    if (changes === 0) throw noAttribute(ino, name)
    touchTimes(context, ino, false)
  })
}

function findXattr(context: Context, ino: number, name: string): Uint8Array | undefined {
  const row = context.database
    .statement('SELECT value FROM xattrs WHERE ino = ? AND name = ?')
    .get(ino, storedName(name)) as { value: Uint8Array } | undefined
  return row?.value
}

function storedName(name: string): StoredName {
  const bytes = Buffer.from(name, 'latin1')
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes
}

function nameOf(stored: StoredName): string {
  return Buffer.from(stored as string).toString('latin1')
}

function cidBytes(inode: Inode): Uint8Array | undefined {
  const cid = cidOf(inode)
  if (cid !== undefined) return Buffer.from(cid)
  if (!hasCid(inode)) return undefined
  throw new CairnError('missing', `inode ${inode.ino} was not sealed since it was written`, {
    want: { kind: 'sealed', id: String(inode.ino) }
  })
}

/** All that a seal reaches: not fifos, sockets and devices, nor what no name leads to. */
function hasCid(inode: Inode): boolean {
  return travels(inode) && inode.links > 0
}

/** `cp -a` and `rsync -X` carry the attribute along: the copy has its own, so nothing is to be stored. */
function isCid(value: Uint8Array): boolean {
  try {
    CID.parse(Buffer.from(value).toString('latin1'))
    return true
  } catch {
    return false
  }
}

/** Undefined while the content is not sealed as it is. */
export function cidOf(
  inode: Pick<Inode, 'dirty' | 'codec' | 'multihash' | 'cidVersion'>
): string | undefined {
  const { codec, multihash, cidVersion, dirty } = inode
  if (dirty === 1 || codec === null || multihash === null) return undefined
  return cidText(codec, multihash, cidVersion === 0 ? 0 : 1)
}

/** ACLs (`system.`) would be promises nobody keeps here. */
function checkWritable(name: string): void {
  if (name.startsWith('user.cairn.')) {
    throw new CairnError('not-permitted', `${name} says what is stored: it cannot be set`)
  }
  if (!/^(user|security|trusted)\../s.test(name)) {
    throw new CairnError(
      'unsupported',
      `${name}: attributes are kept in user., security. and trusted.`
    )
  }
  if (name.length > limits.nameBytes) {
    throw new CairnError('out-of-range', 'the name of an attribute is longer than 255 bytes')
  }
}

function noAttribute(ino: number, name: string): CairnError {
  return new CairnError('no-attribute', `inode ${ino} has no attribute ${name}`)
}
