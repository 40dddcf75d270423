import { CairnError } from '../../base/errors.ts'
import { type Name, nameBytes, nameFromBytes, nameText } from '../../base/names.ts'
import type { UnixfsReader } from '../../unixfs/api.ts'
import { type NodeFacts, rootFacts } from '../../unixfs/side-record.ts'
import {
  type Attributes,
  type DirectoryEntry,
  fileType,
  type Ino,
  type ReadDirectoryOptions
} from '../api.ts'
import type { ContentLink, Directory } from './content-link.ts'
import { ContentNodes, unknownIno } from './content-nodes.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'
import { type InodeKey, inodeKind } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'
import { catalogKey } from './living-packages.ts'
import { nameCookie } from './name-cookie.ts'
import type { GrowingContents, GrowingEntry, PackageContents, PackageView } from './package-view.ts'
import { SideRecords } from './side-records.ts'

/** A sha2-256 multihash, as all archives are stored under. */
const imageBytes = 34

/** Where a folder lies: the archive's catalog key, and the names from the archive's folder to it. */
interface Position {
  readonly key: string
  readonly path: readonly Name[]
}

type Visit = (entry: DirectoryEntry) => boolean

/**
 * The folders of unpacked archives, and of images also the directories below that were looked up while
 * the image was still being unpacked: those have no CID to go by, so their inodes go by the image and the
 * path. They keep that inode when the image is whole, since the kernel drops what is mounted on a name
 * that leads to another; the directories first seen then are inodes of their CIDs.
 *
 * A folder that may have such entries is listed in the order of `nameCookie`, the same before and after.
 */
export class ImageFolders {
  readonly content: ContentNodes
  readonly #packages: PackageView
  readonly #inodes: InodeTable
  readonly #reader: UnixfsReader
  readonly #records: SideRecords

  constructor(options: FrozenTreeOptions & { readonly packages: PackageView }) {
    this.#packages = options.packages
    this.#inodes = options.inodes
    this.#reader = options.reader
    this.#records = new SideRecords(options.reader)
    this.content = new ContentNodes({
      ...options,
      images: { facts: ino => this.#facts(ino), directory: ino => this.#directory(ino) }
    })
  }

  /** Whether a directory is one of these. */
  has(ino: Ino): boolean {
    const kind = this.#inodes.kind(ino)
    return kind === inodeKind.archiveFolder || kind === inodeKind.imageDirectory
  }

  /** As `Tree.lookup`. */
  lookup(parent: Ino, name: Name): Attributes {
    const { key, path } = this.#position(parent)
    const contents = this.#contents(parent, key)
    if (!isGrowing(contents)) {
      const known = this.#known(parent, contents, name)
      if (known !== 0) return this.content.attributes(known)
      return this.content.lookup(parent, this.#walk(contents, path), name)
    }
    const entry = contents.find([...path, name])
    if (entry !== undefined) return this.content.attributes(this.#place(parent, contents, entry))
    throw new CairnError('not-found', `there is no ${JSON.stringify(nameText(name))} here`)
  }

  /** As `Tree.readDirectory`. */
  list(ino: Ino, options: ReadDirectoryOptions, visit: Visit): void {
    const { key, path } = this.#position(ino)
    const contents = this.#contents(ino, key)
    if (isGrowing(contents)) {
      eachInOrder(contents.list(path), options, (entry, cookie) =>
        this.#visitGrowing(ino, contents, entry, cookie, options, visit)
      )
      return
    }
    const directory = this.#walk(contents, path)
    if (contents.image === undefined) {
      this.content.list(ino, directory, options, visit)
      return
    }
    const records = this.#records.list(directory.record)
    const links = this.#reader.list(directory.codec, directory.multihash)
    eachInOrder(links, options, (plain, cookie) => {
      const known = this.#known(ino, contents, plain.name)
      const { withAttributes } = options
      if (known !== 0) {
        return this.content.visitInode(plain.name, known, cookie, withAttributes, visit)
      }
      const link = { ...plain, record: records.get(plain.name) }
      return this.content.visit(ino, link, cookie, withAttributes, visit)
    })
  }

  #visitGrowing(
    parent: Ino,
    contents: GrowingContents,
    entry: GrowingEntry,
    cookie: number,
    { withAttributes }: ReadDirectoryOptions,
    visit: Visit
  ): boolean {
    if (entry.kind === 'content') {
      return this.content.visit(parent, entry.link, cookie, withAttributes, visit)
    }
    if (entry.kind === 'pending') {
      const { name } = entry
      return visit({ name, ino: unknownIno, mode: fileType.regular, attributes: undefined, cookie })
    }
    const ino = this.#place(parent, contents, entry)
    return this.content.visitInode(entry.name, ino, cookie, withAttributes, visit)
  }

  /** The inode of an entry, with one look-up counted. */
  #place(parent: Ino, { image }: GrowingContents, entry: GrowingEntry): Ino {
    if (entry.kind === 'content') return this.content.place(parent, entry.link)
    if (entry.kind === 'pending') throw new CairnError('io', `${nameText(entry.name)} is not here`)
    return this.#inodes.add(keyOf(parent, image, entry.name), this.content.detailsOf(entry.info))
  }

  /** The inode that an entry got before the image was whole, with one look-up counted; else 0. */
  #known(parent: Ino, { image }: PackageContents, name: Name): Ino {
    return image === undefined ? 0 : this.#inodes.find(keyOf(parent, image, name))
  }

  #position(ino: Ino): Position {
    const path: Name[] = []
    let at = ino
    for (; this.#inodes.kind(at) === inodeKind.imageDirectory; at = this.#inodes.parent(at)) {
      path.push(nameFromBytes(this.#inodes.identity(at).identity.subarray(imageBytes)))
    }
    return { key: catalogKey(this.#inodes, at), path: path.reverse() }
  }

  /** Throws `missing`, and `not-found` for a directory of an image that another has taken the place of. */
  #contents(ino: Ino, key: string): PackageContents | GrowingContents {
    const contents = this.#packages.unpacked(key)
    if (this.#inodes.kind(ino) !== inodeKind.imageDirectory) return contents
    const image = this.#inodes.identity(ino).identity.subarray(0, imageBytes)
    if (contents.image !== undefined && Buffer.from(image).equals(contents.image)) return contents
    throw new CairnError('not-found', `${key} is another image now`)
  }

  #facts(ino: Ino): NodeFacts {
    const { key, path } = this.#position(ino)
    const contents = this.#contents(ino, key)
    if (isGrowing(contents)) {
      const entry = contents.find(path)
      return entry?.kind === 'directory' ? entry.facts : rootFacts
    }
    const { record } = this.#walk(contents, path)
    return record === undefined ? rootFacts : this.#records.facts(record)
  }

  #directory(ino: Ino): Directory {
    const { key, path } = this.#position(ino)
    const contents = this.#contents(ino, key)
    if (!isGrowing(contents)) return this.#walk(contents, path)
    throw new CairnError('no-attribute', `${key} is not whole yet: its folders have no CID`)
  }

  #walk(contents: Directory, path: readonly Name[]): Directory {
    let directory: Directory = contents
    for (const name of path) {
      const link: ContentLink | undefined = this.#reader.lookup(
        directory.codec,
        directory.multihash,
        name
      )
      if (link === undefined)
        throw new CairnError('not-found', `there is no ${nameText(name)} here`)
      directory = { ...link, record: this.#records.find(directory.record, name) }
    }
    return directory
  }
}

function isGrowing(contents: PackageContents | GrowingContents): contents is GrowingContents {
  return 'find' in contents
}

function keyOf(parent: Ino, image: Uint8Array, name: Name): InodeKey {
  const identity = Buffer.concat([image, nameBytes(name)])
  return { kind: inodeKind.imageDirectory, identity, codec: 0, cidVersion: 1, parent, name }
}

/** Visits entries after the cookie in the order of theirs, until `visit` returns false. */
function eachInOrder<T extends { readonly name: Name }>(
  entries: readonly T[],
  { cookie: after }: ReadDirectoryOptions,
  visit: (entry: T, cookie: number) => boolean
): void {
  const left = entries
    .map(entry => ({ entry, cookie: nameCookie(entry.name) }))
    .filter(({ cookie }) => cookie > after)
    .sort((a, b) => a.cookie - b.cookie || (a.entry.name < b.entry.name ? -1 : 1))
  for (const { entry, cookie } of left) if (!visit(entry, cookie)) return
}
