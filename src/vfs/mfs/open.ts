import { statfsSync } from 'node:fs'
import type { CID } from 'multiformats/cid'
import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'
import { Reserve } from '../../base/reserve.ts'
import type { HistoryEntry } from '../../roots/api.ts'
import type {
  Allocation,
  AttributeChanges,
  Attributes,
  Caller,
  DirectoryEntry,
  Place,
  PlainFiles,
  ReadDirectoryOptions,
  RenameOptions,
  TreeStatistics
} from '../api.ts'
import { fileType } from '../api.ts'
import type { CloneOptions, Mfs, MfsOptions, SealOptions, SealResult, Validators } from './api.ts'
import { change } from './change.ts'
import { clone } from './clone.ts'
import { type Context, rootIno } from './context.ts'
import { copyRange } from './copy-range.ts'
import { parentOf } from './dentries.ts'
import { Drafts } from './drafts.ts'
import { graft } from './graft.ts'
import { allocate, seek } from './holes.ts'
import { getDirectory, getInode } from './inodes.ts'
import { isDirty } from './is-dirty.ts'
import { Lookups, mfsSharedMemory } from './lookups.ts'
import { checkNodeMode, make, makeLink, makeSymlink } from './make.ts'
import { Numbers } from './numbers.ts'
import { plainFilesOf } from './plain-files.ts'
import { plantRoot } from './plant-root.ts'
import { currentAttributes, lookup, read, readLink, restart, whileChanging } from './read.ts'
import { readDirectory } from './read-directory.ts'
import { recover } from './recover.ts'
import { forget, remove } from './remove.ts'
import { removeTree } from './remove-tree.ts'
import { rename } from './rename.ts'
import { restore } from './restore.ts'
import { type PathRestore, restorePath } from './restore-path.ts'
import { Sealer } from './seal.ts'
import { shardCountsIn } from './shard-counts.ts'
import { adoptFile, makeTemporary, stageFile } from './stage.ts'
import { Telling } from './telling.ts'
import { validatorsOf } from './version.ts'
import { openForWriting, releaseWriting, write } from './write.ts'
import { getXattr, removeXattr, setXattr, xattrNames } from './xattrs.ts'

/** Names find room on a disk that contents have filled, and leave the rest to removing. */
const rowsPart = 0.75

/** Opens the mutable tree, planted on its root's CID or empty. The database has `vfsMigrations` and `rootsMigrations`. */
export function openMfs(options: MfsOptions): Mfs {
  const { database, clock, sharesDrafts = false } = options
  const lookups = new Lookups(options.shared ?? mfsSharedMemory())
  const context: Context = {
    ...options,
    drafts: new Drafts({ folder: options.drafts, database, lookups, clock, shared: sharesDrafts }),
    draftsFolder: options.drafts,
    reserve: new Reserve(options.drafts, statfsSync, rowsPart),
    lookups,
    telling: new Telling(),
    numbers: new Numbers(options.database),
    shardCounts: shardCountsIn(database),
    listed: new WeakMap()
  }
  if (options.recover) recover(context)
  plantRoot(context)
  return new MutableTree(context)
}

class MutableTree implements Mfs {
  readonly root = rootIno
  readonly nature = 'live'
  readonly #context: Context
  readonly plainFiles?: PlainFiles
  readonly #sealer: Sealer

  constructor(context: Context) {
    this.#context = context
    this.#sealer = new Sealer(context)
    if (context.sharesDrafts === true) this.plainFiles = plainFilesOf(context)
  }

  lookup(parent: number, name: Name): Attributes {
    return lookup(this.#context, parent, name)
  }

  attributes(ino: number): Attributes {
    return currentAttributes(this.#context, ino)
  }

  forget(ino: number, lookups: number): void {
    forget(this.#context, ino, lookups)
  }

  readLink(ino: number): Uint8Array {
    return readLink(this.#context, ino)
  }

  readDirectory(
    ino: number,
    options: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ): void {
    readDirectory(this.#context, ino, options, visit)
  }

  parent(ino: number): number {
    return parentOf(this.#context, getDirectory(this.#context, ino).ino)
  }

  read(ino: number, target: Uint8Array, position: number): number {
    return read(this.#context, ino, target, position)
  }

  xattr(ino: number, name: string): Uint8Array {
    return getXattr(this.#context, ino, name)
  }

  xattrNames(ino: number): string[] {
    return xattrNames(this.#context, ino)
  }

  statistics(): TreeStatistics {
    const disk = statfsSync(this.#context.draftsFolder)
    const kept = Math.min(limits.reservedBytes, (disk.blocks * disk.bsize) / 16)
    return {
      blockBytes: disk.bsize,
      blocks: disk.blocks,
      freeBlocks: Math.max(0, disk.bavail - Math.ceil(kept / disk.bsize)),
      files: disk.files,
      freeFiles: disk.ffree
    }
  }

  makeNode(parent: number, name: Name, mode: number, rdev: number, caller: Caller): Attributes {
    checkNodeMode(mode)
    return make(this.#context, parent, name, { mode, rdev, target: null, opened: false }, caller)
  }

  createFile(parent: number, name: Name, mode: number, caller: Caller): Attributes {
    const wanted = {
      mode: fileType.regular | (mode & 0o7777),
      rdev: 0,
      target: null,
      opened: true
    }
    return make(this.#context, parent, name, wanted, caller)
  }

  makeDirectory(parent: number, name: Name, mode: number, caller: Caller): Attributes {
    const wanted = {
      mode: fileType.directory | (mode & 0o7777),
      rdev: 0,
      target: null,
      opened: false
    }
    return make(this.#context, parent, name, wanted, caller)
  }

  makeSymlink(parent: number, name: Name, target: Uint8Array, caller: Caller): Attributes {
    return makeSymlink(this.#context, parent, name, target, caller)
  }

  makeLink(ino: number, parent: number, name: Name): Attributes {
    return makeLink(this.#context, ino, parent, name)
  }

  remove(parent: number, name: Name): void {
    remove(this.#context, parent, name, 'file')
  }

  removeDirectory(parent: number, name: Name): void {
    remove(this.#context, parent, name, 'directory')
  }

  rename(
    parent: number,
    name: Name,
    newParent: number,
    newName: Name,
    options: RenameOptions
  ): void {
    rename(this.#context, parent, name, newParent, newName, options)
  }

  change(ino: number, changes: AttributeChanges): Attributes {
    return change(this.#context, ino, changes)
  }

  openForWriting(ino: number, truncate: boolean): void {
    openForWriting(this.#context, ino, truncate)
  }

  releaseWriting(ino: number): void {
    releaseWriting(this.#context, ino)
  }

  write(ino: number, source: Uint8Array, position: number): number {
    return write(this.#context, ino, source, position)
  }

  allocate(ino: number, allocation: Allocation): void {
    allocate(this.#context, ino, allocation)
  }

  seek(ino: number, position: number, what: 'data' | 'hole'): number | undefined {
    return seek(this.#context, ino, position, what)
  }

  copyRange(from: Place, to: Place, length: number): number {
    return copyRange(this.#context, from, to, length)
  }

  makeTemporary(parent: number, mode: number, caller: Caller): Attributes {
    return makeTemporary(this.#context, parent, mode, caller)
  }

  synchronize(ino: number): void {
    restart(() => {
      const { draft } = getInode(this.#context, ino)
      if (draft !== null) whileChanging(() => this.#context.drafts.synchronize(draft))
    })
    this.#context.database.sync()
  }

  setXattr(ino: number, name: string, value: Uint8Array, mode: 'any' | 'create' | 'replace'): void {
    setXattr(this.#context, ino, name, value, mode)
  }

  removeXattr(ino: number, name: string): void {
    removeXattr(this.#context, ino, name)
  }

  stageFile(mode: number, caller: Caller): Attributes {
    return stageFile(this.#context, mode, caller)
  }

  adoptFile(ino: number, parent: number, name: Name): Attributes {
    return adoptFile(this.#context, ino, parent, name)
  }

  clone(ino: number, parent: number, name: Name, options: CloneOptions): Attributes {
    return clone(this.#context, ino, parent, name, options)
  }

  graft(cid: CID, parent: number, name: Name, caller: Caller): Attributes {
    return graft(this.#context, cid, parent, name, caller)
  }

  removeTree(parent: number, name: Name): void {
    removeTree(this.#context, parent, name)
  }

  told(): Promise<void> {
    return this.#context.telling.told()
  }

  validators(attributes: Attributes): Validators {
    return validatorsOf(this.#context, attributes)
  }

  seal(options: SealOptions = {}): Promise<SealResult> {
    return this.#sealer.seal(options)
  }

  snapshot(reason: string, options: { signal?: AbortSignal } = {}): Promise<SealResult> {
    return this.#sealer.seal({ ...options, reason })
  }

  history(options: { limit?: number } = {}): HistoryEntry[] {
    return this.#context.roots.history(this.#context.rootName, options)
  }

  isDirty(path: readonly Name[] = []): boolean {
    return isDirty(this.#context, path)
  }

  restore(cid: CID, options: { signal?: AbortSignal } = {}): Promise<SealResult> {
    return restore(this.#context, this.#sealer, cid, options)
  }

  restorePath(what: PathRestore): Promise<SealResult> {
    return restorePath(this.#context, this.#sealer, what)
  }

  close(): void {
    this.#context.drafts.close()
  }
}
