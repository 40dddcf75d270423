import { CairnError, type Want } from '../../src/base/errors.ts'
import type { Name } from '../../src/base/names.ts'
import {
  type Allocation,
  type Attributes,
  type Caller,
  fileType,
  type Ino,
  type Timestamp
} from '../../src/vfs/api.ts'

/** An inode of `MemoryTree`. */
export interface Node {
  readonly ino: Ino
  mode: number
  links: number
  uid: number
  gid: number
  readonly rdev: number
  atime: Moment
  mtime: Moment
  ctime: Moment
  parent: Ino
  lookups: number
  bytes: Uint8Array
  size: number
  readonly entries: Map<Name, { ino: Ino; cookie: number }>
  readonly xattrs: Map<string, Uint8Array>
}

interface Moment {
  readonly seconds: number
  readonly nanoseconds: number
}

export function makeNode(
  ino: Ino,
  mode: number,
  parent: Ino,
  { uid, gid }: Caller,
  rdev: number
): Node {
  const time = now()
  const links = (mode & fileType.mask) === fileType.directory ? 2 : 1
  const times = { atime: time, mtime: time, ctime: time }
  const content = { bytes: new Uint8Array(0), size: 0, entries: new Map(), xattrs: new Map() }
  return { ino, mode, links, uid, gid, rdev, parent, lookups: 0, ...times, ...content }
}

/** Cuts the content, or grows it by zeros. */
export function resize(node: Node, size: number): void {
  if (size > node.bytes.length) {
    const grown = new Uint8Array(Math.max(size, node.bytes.length * 2))
    grown.set(node.bytes.subarray(0, node.size))
    node.bytes = grown
  } else if (size < node.size) node.bytes.fill(0, size, node.size)
  node.size = size
}

/** fallocate(2): nothing is ever a hole. */
export function allocate(node: Node, { kind, position, length, keepSize }: Allocation): void {
  const end = position + length
  if (!keepSize && end > node.size) resize(node, end)
  if (kind !== 'allocate') node.bytes.fill(0, position, Math.min(end, node.size))
}

export function seek(node: Node, position: number, what: 'data' | 'hole'): number | undefined {
  if (position >= node.size) return undefined
  return what === 'data' ? position : node.size
}

export function isDirectory(node: Node): boolean {
  return (node.mode & fileType.mask) === fileType.directory
}

export function now(): Moment {
  const ms = Date.now()
  return { seconds: Math.floor(ms / 1000), nanoseconds: (ms % 1000) * 1_000_000 }
}

export function moment(time: Timestamp | undefined): Moment | undefined {
  return time === 'now' ? now() : time
}

export function attributesOf(node: Node): Attributes {
  const { ino, mode, links, uid, gid, rdev, size, atime, mtime, ctime } = node
  return {
    ino,
    mode,
    links,
    uid,
    gid,
    rdev,
    size,
    atimeSeconds: atime.seconds,
    atimeNanoseconds: atime.nanoseconds,
    mtimeSeconds: mtime.seconds,
    mtimeNanoseconds: mtime.nanoseconds,
    ctimeSeconds: ctime.seconds,
    ctimeNanoseconds: ctime.nanoseconds
  }
}

/** Throws as a tree that lacks a block does. */
export function missing(id: string): never {
  const want: Want = { kind: 'block', id }
  throw new CairnError('missing', `${id} is not here`, { want })
}
