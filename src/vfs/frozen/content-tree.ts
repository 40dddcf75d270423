import { checkName, type Name } from '../../base/names.ts'
import type {
  Attributes,
  DirectoryEntry,
  Ino,
  ReadDirectoryOptions,
  SharedFiles,
  Tree,
  TreeStatistics
} from '../api.ts'
import type { ContentLink } from './content-link.ts'
import { ContentNodes, type ContentNodesOptions } from './content-nodes.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'
import { rootIno } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'
import { sharedFilesOf } from './shared-files.ts'
import { readXattr, xattrNames } from './xattrs.ts'

/** What the root of a tree of content holds. */
export interface RootEntries {
  /** Throws `not-found`. */
  readonly find: (name: Name) => ContentLink
  /** By cookie; a name keeps its cookie, from 1. */
  readonly list: () => Iterable<{ readonly link: ContentLink; readonly cookie: number }>
}

/** A root whose entries are CIDs, and below them what they hold. */
export function openContentTree(
  options: FrozenTreeOptions & Pick<ContentNodesOptions, 'unsaid'>,
  entries: RootEntries
): Tree {
  return new ContentTree(options, entries)
}

class ContentTree implements Tree {
  readonly root = rootIno
  readonly nature = 'frozen'
  readonly statistics: () => TreeStatistics
  readonly #inodes: InodeTable
  readonly #content: ContentNodes
  readonly #entries: RootEntries
  readonly sharedFiles?: SharedFiles

  constructor(
    options: FrozenTreeOptions & Pick<ContentNodesOptions, 'unsaid'>,
    entries: RootEntries
  ) {
    this.#entries = entries
    this.statistics = options.statistics
    this.#inodes = options.inodes
    this.#content = new ContentNodes(options)
    const { sharing } = options
    if (sharing !== undefined) this.sharedFiles = sharedFilesOf(this.#content, sharing)
  }

  /** The root may gain entries at any time; what a CID shows never changes. */
  frozen(ino: Ino): boolean {
    return ino !== rootIno
  }

  lookup(parent: Ino, name: Name): Attributes {
    checkName(name)
    if (parent !== rootIno) {
      return this.#content.lookup(parent, this.#content.directory(parent), name)
    }
    return this.attributes(this.#content.place(rootIno, this.#entries.find(name)))
  }

  attributes(ino: Ino): Attributes {
    return this.#content.attributes(ino)
  }

  forget(ino: Ino, lookups: number): void {
    this.#inodes.forget(ino, lookups)
  }

  readLink(ino: Ino): Uint8Array {
    return this.#content.readLink(ino)
  }

  readDirectory(
    ino: Ino,
    options: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ): void {
    if (ino === rootIno) this.#listRoot(options, visit)
    else this.#content.list(ino, this.#content.directory(ino), options, visit)
  }

  #listRoot(
    { cookie: after, withAttributes }: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ): void {
    for (const { link, cookie } of this.#entries.list()) {
      if (cookie <= after) continue
      if (!this.#content.visit(rootIno, link, cookie, withAttributes, visit)) return
    }
  }

  parent(ino: Ino): Ino {
    return this.#inodes.parent(ino)
  }

  read(ino: Ino, target: Uint8Array, position: number): number {
    return this.#content.read(ino, target, position)
  }

  xattr(ino: Ino, name: string): Uint8Array {
    return readXattr(this.#inodes, this.#content, ino, name)
  }

  xattrNames(ino: Ino): string[] {
    return xattrNames(this.#inodes, this.#content, ino)
  }

  /** Nothing of its own to close: the table and the reader are the caller's. */
  close(): void {}
}
