import { CairnError } from '../../base/errors.ts'
import { checkName, type Name, nameBytes, nameText } from '../../base/names.ts'
import {
  type Attributes,
  type DirectoryEntry,
  fileType,
  type Ino,
  type ReadDirectoryOptions,
  type Tree,
  type TreeStatistics
} from '../api.ts'
import { type CatalogPlace, findPlace, joinKey, listPlaces } from './catalog-places.ts'
import type { ContentLink } from './content-link.ts'
import type { ContentNodes } from './content-nodes.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'
import { ImageFolders } from './image-folders.ts'
import { inodeKind, rootIno } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'
import { catalogKey } from './living-packages.ts'
import { nameCookie } from './name-cookie.ts'
import type { PackageView } from './package-view.ts'
import { readXattr, xattrNames } from './xattrs.ts'

export interface PackageTreeOptions extends FrozenTreeOptions {
  readonly packages: PackageView
}

/**
 * Every package held, by catalog key: archives and documents as they are stored, and beside each
 * archive a folder of its contents. To list or stat those folders unpacks nothing; to look into one
 * does (it throws `missing`). Catalog directories move as packages come and go; all content below
 * them is frozen.
 */
export function openPackageTree(options: PackageTreeOptions): Tree {
  return new PackageTree(options)
}

class PackageTree implements Tree {
  readonly root = rootIno
  readonly nature = 'frozen'
  readonly statistics: () => TreeStatistics
  readonly #packages: PackageView
  readonly #inodes: InodeTable
  readonly #folders: ImageFolders
  readonly #content: ContentNodes
  readonly #mtimeSeconds: number

  constructor(options: PackageTreeOptions) {
    this.statistics = options.statistics
    this.#packages = options.packages
    this.#inodes = options.inodes
    this.#folders = new ImageFolders(options)
    this.#content = this.#folders.content
    this.#mtimeSeconds = options.mtimeSeconds ?? 0
  }

  frozen(ino: Ino): boolean {
    const kind = this.#inodes.kind(ino)
    return kind !== inodeKind.catalogDirectory && kind !== inodeKind.archiveFolder
  }

  lookup(parent: Ino, name: Name): Attributes {
    checkName(name)
    const prefix = this.#prefix(parent)
    if (prefix === undefined) {
      if (this.#folders.has(parent)) return this.#folders.lookup(parent, name)
      return this.#content.lookup(parent, this.#content.directory(parent), name)
    }
    const place = findPlace(this.#packages, prefix, name)
    if (place === undefined) {
      throw new CairnError('not-found', `no package ${joinKey(prefix, nameText(name))} is held`)
    }
    return this.attributes(this.#place(parent, place))
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
    const prefix = this.#prefix(ino)
    if (prefix === undefined) {
      if (this.#folders.has(ino)) this.#folders.list(ino, options, visit)
      else this.#content.list(ino, this.#content.directory(ino), options, visit)
      return
    }
    const entries = listPlaces(this.#packages, prefix)
      .map(place => ({ place, cookie: nameCookie(place.name) }))
      .filter(({ cookie }) => cookie > options.cookie)
      .sort((a, b) => a.cookie - b.cookie || (a.place.name < b.place.name ? -1 : 1))
    for (const { place, cookie } of entries) {
      if (!this.#visit(ino, place, cookie, options.withAttributes, visit)) return
    }
  }

  #visit(
    parent: Ino,
    place: CatalogPlace,
    cookie: number,
    withAttributes: boolean,
    visit: (entry: DirectoryEntry) => boolean
  ): boolean {
    if (place.kind === 'item') {
      return this.#content.visit(parent, linkOf(place), cookie, withAttributes, visit)
    }
    const ino = this.#place(parent, place)
    return this.#content.visitInode(place.name, ino, cookie, withAttributes, visit)
  }

  #place(parent: Ino, place: CatalogPlace): Ino {
    if (place.kind === 'item') return this.#content.place(parent, linkOf(place))
    const isFolder = place.kind === 'folder'
    return this.#inodes.add(
      {
        kind: isFolder ? inodeKind.archiveFolder : inodeKind.catalogDirectory,
        identity: nameBytes(isFolder ? place.archive : place.name),
        codec: 0,
        cidVersion: 1,
        parent,
        name: place.name
      },
      {
        mode: fileType.directory | 0o555,
        size: 0,
        mtimeSeconds: this.#mtimeSeconds,
        mtimeNanoseconds: 0
      }
    )
  }

  /** The catalog's prefix of a directory of it, or undefined for all else. */
  #prefix(ino: Ino): string | undefined {
    return this.#inodes.kind(ino) === inodeKind.catalogDirectory ? this.#key(ino) : undefined
  }

  #key(ino: Ino): string {
    return catalogKey(this.#inodes, ino)
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

  /** Nothing of its own to close: the table, the reader and the catalog are the caller's. */
  close(): void {}
}

function linkOf(place: CatalogPlace & { kind: 'item' }): ContentLink {
  const { codec, multihash } = place.item
  return { name: place.name, codec, multihash, cidVersion: 1 }
}
