import { CairnError } from '../../src/base/errors.ts'
import { checkName, type Name } from '../../src/base/names.ts'
import {
  type AttributeChanges,
  type Attributes,
  type Caller,
  type DirectoryEntry,
  fileType,
  type Ino,
  type ReadDirectoryOptions,
  type RenameOptions,
  type TreeStatistics,
  type WritableTree
} from '../../src/vfs/api.ts'
import { MemoryFiles } from './memory-files.ts'
import {
  attributesOf,
  isDirectory,
  makeNode,
  moment,
  type Node,
  now,
  resize
} from './memory-node.ts'

/**
 * A small `WritableTree` in the memory of one thread, for tests of doors. Not shared between
 * threads: a mount of it has one thread.
 */
export class MemoryTree extends MemoryFiles implements WritableTree {
  readonly root = 1
  readonly nature: 'frozen' | 'live'
  openForWrite = 0
  readonly #nodes = new Map<Ino, Node>()
  #nextIno = 2
  #nextCookie = 1

  constructor(nature: 'frozen' | 'live' = 'live') {
    super()
    this.nature = nature
    this.#nodes.set(1, makeNode(1, fileType.directory | 0o755, 1, { uid: 0, gid: 0 }, 0))
  }

  lookup(parent: Ino, name: Name): Attributes {
    const entry = this.#directory(parent).entries.get(name)
    if (name.length > 255) throw new CairnError('name-too-long', 'too long')
    if (entry === undefined) throw new CairnError('not-found', `no ${name}`)
    return this.#counted(entry.ino)
  }

  forget(ino: Ino, lookups: number): void {
    const node = this.#nodes.get(ino)
    if (node === undefined) return
    node.lookups -= lookups
    this.#reap(node)
  }

  readDirectory(
    ino: Ino,
    { cookie, withAttributes }: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ): void {
    for (const [name, entry] of this.#directory(ino).entries) {
      if (entry.cookie <= cookie) continue
      const node = this.node(entry.ino)
      const attributes = withAttributes ? attributesOf(node) : undefined
      if (!visit({ name, ino: node.ino, mode: node.mode, attributes, cookie: entry.cookie })) return
      if (withAttributes) node.lookups++
    }
  }

  parent(ino: Ino): Ino {
    return this.node(ino).parent
  }

  statistics(): TreeStatistics {
    return { blockBytes: 4096, blocks: 1000, freeBlocks: 500, files: 1000, freeFiles: 900 }
  }

  close(): void {
    this.#nodes.clear()
  }

  makeNode(parent: Ino, name: Name, mode: number, rdev: number, caller: Caller): Attributes {
    return this.#add(parent, name, mode, caller, rdev)
  }

  createFile(parent: Ino, name: Name, mode: number, caller: Caller): Attributes {
    const made = this.#add(parent, name, mode, caller, 0)
    this.openForWrite++
    return made
  }

  makeDirectory(parent: Ino, name: Name, mode: number, caller: Caller): Attributes {
    this.node(parent).links++
    return this.#add(parent, name, (mode & 0o7777) | fileType.directory, caller, 0)
  }

  makeSymlink(parent: Ino, name: Name, target: Uint8Array, caller: Caller): Attributes {
    const made = this.#add(parent, name, fileType.symlink | 0o777, caller, 0)
    const node = this.node(made.ino)
    node.bytes = target
    node.size = target.length
    return attributesOf(node)
  }

  makeLink(ino: Ino, parent: Ino, name: Name): Attributes {
    const node = this.node(ino)
    this.#enter(parent, name, ino)
    node.links++
    node.ctime = now()
    return this.#counted(ino)
  }

  remove(parent: Ino, name: Name): void {
    const node = this.node(this.#entry(parent, name).ino)
    if (isDirectory(node)) throw new CairnError('is-directory', 'a directory')
    this.#leave(parent, name)
    node.links--
    node.ctime = now()
    this.#reap(node)
  }

  removeDirectory(parent: Ino, name: Name): void {
    const node = this.node(this.#entry(parent, name).ino)
    if (!isDirectory(node)) throw new CairnError('not-directory', 'no directory')
    if (node.entries.size > 0) throw new CairnError('not-empty', 'not empty')
    this.#leave(parent, name)
    this.node(parent).links--
    node.links = 0
    this.#reap(node)
  }

  rename(from: Ino, name: Name, to: Ino, newName: Name, { mode }: RenameOptions): void {
    const moved = this.node(this.#entry(from, name).ino)
    const other = this.#directory(to).entries.get(newName)
    if (mode === 'no-replace' && other !== undefined) throw new CairnError('exists', newName)
    if (other?.ino === moved.ino) return
    if (mode === 'exchange') {
      this.#exchange(from, name, to, newName)
      return
    }
    if (other !== undefined) {
      if (isDirectory(this.node(other.ino))) this.removeDirectory(to, newName)
      else this.remove(to, newName)
    }
    this.#leave(from, name)
    this.#enter(to, newName, moved.ino)
    if (!isDirectory(moved)) return
    this.node(from).links--
    this.node(to).links++
    moved.parent = to
  }

  change(ino: Ino, changes: AttributeChanges, _caller: Caller): Attributes {
    const node = this.node(ino)
    if (changes.size !== undefined) resize(node, changes.size)
    if (changes.mode !== undefined) node.mode = (node.mode & fileType.mask) | changes.mode
    node.uid = changes.uid ?? node.uid
    node.gid = changes.gid ?? node.gid
    node.atime = moment(changes.atime) ?? node.atime
    node.mtime = moment(changes.mtime) ?? (changes.size === undefined ? node.mtime : now())
    node.ctime = now()
    return attributesOf(node)
  }

  openForWriting(ino: Ino, truncate: boolean): void {
    const node = this.node(ino)
    this.openForWrite++
    if (truncate) resize(node, 0)
  }

  releaseWriting(_ino: Ino): void {
    this.openForWrite--
  }

  makeTemporary(parent: Ino, mode: number, caller: Caller): Attributes {
    const node = makeNode(this.#nextIno++, fileType.regular | mode, parent, caller, 0)
    node.links = 0
    this.openForWrite++
    this.#nodes.set(node.ino, node)
    return this.#counted(node.ino)
  }

  /** Inodes that exist, unlinked ones that are still held included. */
  get inodes(): number {
    return this.#nodes.size
  }

  /** Makes a file with its content, without a caller. */
  put(parent: Ino, name: Name, content: string | Uint8Array): Ino {
    const { ino } = this.#add(parent, name, fileType.regular | 0o644, { uid: 0, gid: 0 }, 0)
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    this.write(ino, bytes, 0)
    this.forget(ino, 1)
    return ino
  }

  #exchange(from: Ino, name: Name, to: Ino, newName: Name): void {
    const one = this.#entry(from, name)
    const two = this.#entry(to, newName)
    const { ino } = one
    one.ino = two.ino
    two.ino = ino
  }

  protected node(ino: Ino): Node {
    const node = this.#nodes.get(ino)
    if (node === undefined) throw new CairnError('not-found', `no inode ${ino}`)
    return node
  }

  #directory(ino: Ino): Node {
    const node = this.node(ino)
    if (!isDirectory(node)) throw new CairnError('not-directory', `inode ${ino}`)
    return node
  }

  #entry(parent: Ino, name: Name): { ino: Ino; cookie: number } {
    const entry = this.#directory(parent).entries.get(name)
    if (entry === undefined) throw new CairnError('not-found', `no ${name}`)
    return entry
  }

  #counted(ino: Ino): Attributes {
    const node = this.node(ino)
    node.lookups++
    return attributesOf(node)
  }

  #add(parent: Ino, name: Name, mode: number, caller: Caller, rdev: number): Attributes {
    const ino = this.#nextIno++
    this.#enter(parent, name, ino)
    this.#nodes.set(ino, makeNode(ino, mode, parent, caller, rdev))
    return this.#counted(ino)
  }

  #enter(parent: Ino, name: Name, ino: Ino): void {
    const { entries } = this.#directory(parent)
    if (entries.has(name)) throw new CairnError('exists', name)
    entries.set(checkName(name), { ino, cookie: this.#nextCookie++ })
    this.#touch(parent)
  }

  #leave(parent: Ino, name: Name): void {
    this.#directory(parent).entries.delete(name)
    this.#touch(parent)
  }

  #touch(ino: Ino): void {
    const node = this.node(ino)
    node.mtime = now()
    node.ctime = node.mtime
  }

  #reap(node: Node): void {
    if (node.links === 0 && node.lookups <= 0) this.#nodes.delete(node.ino)
  }
}
