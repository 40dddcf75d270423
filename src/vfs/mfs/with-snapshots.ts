import { CairnError } from '../../base/errors.ts'
import { type Name, toName } from '../../base/names.ts'
import type {
  Allocation,
  AttributeChanges,
  Attributes,
  Caller,
  DirectoryEntry,
  Ino,
  Place,
  PlainFiles,
  ReadDirectoryOptions,
  RenameOptions,
  Tree,
  TreeStatistics,
  WritableTree
} from '../api.ts'

/** In the root, but not in its listing. */
const folderName = toName('.snapshots')
/** Inodes of the snapshots are shown from here on: the mutable tree never counts so far. */
const firstIno = 2 ** 52
/** What of a snapshot is copied into the tree at a time. */
const pieceBytes = 1024 * 1024

/**
 * The mutable tree with its earlier states below `.snapshots/`, which `ls` does not list: read-only,
 * and beside them nothing can be made or moved by that name. Where a folder of that name came with
 * content, that one is shown.
 */
export function withSnapshots(tree: WritableTree, snapshots: Tree): WritableTree {
  return new TreeWithSnapshots(tree, snapshots)
}

class TreeWithSnapshots implements WritableTree {
  readonly root: Ino
  readonly nature = 'live'
  readonly #tree: WritableTree
  readonly #snapshots: Tree
  readonly plainFiles?: PlainFiles

  constructor(tree: WritableTree, snapshots: Tree) {
    this.root = tree.root
    this.#tree = tree
    this.#snapshots = snapshots
    if (tree.plainFiles !== undefined) this.plainFiles = ofTree(tree.plainFiles)
  }

  frozen(ino: Ino): boolean {
    return ino >= firstIno && this.#snapshots.frozen?.(ino - firstIno) === true
  }

  lookup(parent: Ino, name: Name): Attributes {
    if (parent >= firstIno) return shown(this.#snapshots.lookup(parent - firstIno, name))
    try {
      return this.#tree.lookup(parent, name)
    } catch (error) {
      if (!this.#isFolder(parent, name)) throw error
      if (!(error instanceof CairnError) || error.code !== 'not-found') throw error
      return this.attributes(firstIno + this.#snapshots.root)
    }
  }

  #isFolder(parent: Ino, name: Name): boolean {
    return parent === this.root && name === folderName
  }

  attributes(ino: Ino): Attributes {
    return ino < firstIno
      ? this.#tree.attributes(ino)
      : shown(this.#snapshots.attributes(ino - firstIno))
  }

  forget(ino: Ino, lookups: number): void {
    if (ino < firstIno) this.#tree.forget(ino, lookups)
    else this.#snapshots.forget(ino - firstIno, lookups)
  }

  readLink(ino: Ino): Uint8Array {
    return ino < firstIno ? this.#tree.readLink(ino) : this.#snapshots.readLink(ino - firstIno)
  }

  readDirectory(
    ino: Ino,
    options: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ): void {
    if (ino < firstIno) {
      this.#tree.readDirectory(ino, options, visit)
      return
    }
    this.#snapshots.readDirectory(ino - firstIno, options, entry =>
      visit({
        ...entry,
        ino: entry.ino + firstIno,
        attributes: entry.attributes === undefined ? undefined : shown(entry.attributes)
      })
    )
  }

  parent(ino: Ino): Ino {
    if (ino < firstIno) return this.#tree.parent(ino)
    const inside = ino - firstIno
    return inside === this.#snapshots.root ? this.root : firstIno + this.#snapshots.parent(inside)
  }

  read(ino: Ino, target: Uint8Array, position: number): number {
    return ino < firstIno
      ? this.#tree.read(ino, target, position)
      : this.#snapshots.read(ino - firstIno, target, position)
  }

  xattr(ino: Ino, name: string): Uint8Array {
    return ino < firstIno
      ? this.#tree.xattr(ino, name)
      : this.#snapshots.xattr(ino - firstIno, name)
  }

  xattrNames(ino: Ino): string[] {
    return ino < firstIno ? this.#tree.xattrNames(ino) : this.#snapshots.xattrNames(ino - firstIno)
  }

  statistics(): TreeStatistics {
    return this.#tree.statistics()
  }

  close(): void {
    this.#tree.close()
    this.#snapshots.close()
  }

  makeNode(parent: Ino, name: Name, mode: number, rdev: number, caller: Caller): Attributes {
    this.#checkFree(parent, name)
    return this.#tree.makeNode(parent, name, mode, rdev, caller)
  }

  makeDirectory(parent: Ino, name: Name, mode: number, caller: Caller): Attributes {
    this.#checkFree(parent, name)
    return this.#tree.makeDirectory(parent, name, mode, caller)
  }

  makeSymlink(parent: Ino, name: Name, target: Uint8Array, caller: Caller): Attributes {
    this.#checkFree(parent, name)
    return this.#tree.makeSymlink(parent, name, target, caller)
  }

  makeLink(ino: Ino, parent: Ino, name: Name): Attributes {
    checkWritable(ino)
    this.#checkFree(parent, name)
    return this.#tree.makeLink(ino, parent, name)
  }

  createFile(parent: Ino, name: Name, mode: number, caller: Caller): Attributes {
    this.#checkFree(parent, name)
    return this.#tree.createFile(parent, name, mode, caller)
  }

  makeTemporary(parent: Ino, mode: number, caller: Caller): Attributes {
    checkWritable(parent)
    return this.#tree.makeTemporary(parent, mode, caller)
  }

  remove(parent: Ino, name: Name): void {
    checkWritable(parent)
    this.#asShown(parent, name, () => this.#tree.remove(parent, name))
  }

  removeDirectory(parent: Ino, name: Name): void {
    checkWritable(parent)
    this.#asShown(parent, name, () => this.#tree.removeDirectory(parent, name))
  }

  rename(parent: Ino, name: Name, newParent: Ino, newName: Name, options: RenameOptions): void {
    checkWritable(parent)
    this.#checkFree(newParent, newName)
    this.#asShown(parent, name, () => this.#tree.rename(parent, name, newParent, newName, options))
  }

  /** A new name; `.snapshots` exists, whatever is asked for. */
  #checkFree(parent: Ino, name: Name): void {
    checkWritable(parent)
    if (this.#isFolder(parent, name)) throw new CairnError('exists', '.snapshots exists')
  }

  /** What only seems to be in the root is not to be removed or moved. */
  #asShown(parent: Ino, name: Name, change: () => void): void {
    try {
      change()
    } catch (error) {
      const absent = error instanceof CairnError && error.code === 'not-found'
      if (absent && this.#isFolder(parent, name)) throw readOnly()
      throw error
    }
  }

  change(ino: Ino, changes: AttributeChanges, caller: Caller): Attributes {
    checkWritable(ino)
    return this.#tree.change(ino, changes, caller)
  }

  openForWriting(ino: Ino, truncate: boolean): void {
    checkWritable(ino)
    this.#tree.openForWriting(ino, truncate)
  }

  releaseWriting(ino: Ino): void {
    if (ino < firstIno) this.#tree.releaseWriting(ino)
  }

  write(ino: Ino, source: Uint8Array, position: number): number {
    checkWritable(ino)
    return this.#tree.write(ino, source, position)
  }

  allocate(ino: Ino, allocation: Allocation): void {
    checkWritable(ino)
    this.#tree.allocate(ino, allocation)
  }

  seek(ino: Ino, position: number, what: 'data' | 'hole'): number | undefined {
    if (ino < firstIno) return this.#tree.seek(ino, position, what)
    const { size } = this.attributes(ino)
    if (position >= size) return undefined
    return what === 'data' ? position : size
  }

  copyRange(from: Place, to: Place, length: number): number {
    checkWritable(to.ino)
    if (from.ino < firstIno) return this.#tree.copyRange(from, to, length)
    const piece = new Uint8Array(Math.min(length, pieceBytes))
    const count = this.read(from.ino, piece, from.position)
    return this.#tree.write(to.ino, piece.subarray(0, count), to.position)
  }

  synchronize(ino: Ino): void {
    if (ino < firstIno) this.#tree.synchronize(ino)
  }

  setXattr(ino: Ino, name: string, value: Uint8Array, mode: 'any' | 'create' | 'replace'): void {
    checkWritable(ino)
    this.#tree.setXattr(ino, name, value, mode)
  }

  removeXattr(ino: Ino, name: string): void {
    checkWritable(ino)
    this.#tree.removeXattr(ino, name)
  }
}

/** What is in a snapshot is sealed. */
function ofTree(files: PlainFiles): PlainFiles {
  return { ...files, find: ino => (ino < firstIno ? files.find(ino) : undefined) }
}

function shown(attributes: Attributes): Attributes {
  return { ...attributes, ino: attributes.ino + firstIno }
}

function checkWritable(ino: Ino): void {
  if (ino >= firstIno) throw readOnly()
}

function readOnly(): CairnError {
  return new CairnError('read-only', 'a snapshot is as it was: copy out of it what is to change')
}
