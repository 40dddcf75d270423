import { codec, type Multihash, cidText as textOfCid } from '../../base/blocks.ts'
import { CairnError, type ErrorCode } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'
import { nameText } from '../../base/names.ts'
import type { DirectoryLink, NodeInfo, RawLeaf, UnixfsReader } from '../../unixfs/api.ts'
import type { NodeFacts } from '../../unixfs/side-record.ts'
import {
  type Attributes,
  type DirectoryEntry,
  fileType,
  type Ino,
  type ReadDirectoryOptions
} from '../api.ts'
import { type ContentLink, cidText, type Directory, described, keyOf } from './content-link.ts'
import { contentMode } from './content-mode.ts'
import {
  type InodeDetails,
  type InodeIdentity,
  type InodeKey,
  inodeKind,
  type Owner,
  rootIno
} from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'
import { deviceNumber, SideRecords, splitDescribed } from './side-records.ts'

export interface ContentNodesOptions {
  readonly reader: UnixfsReader
  readonly inodes: InodeTable
  readonly owner: Owner
  /** Shown for content that carries no time of its own; default 0. */
  readonly mtimeSeconds?: number
  /** Who may read what says no mode: by default everybody. */
  readonly unsaid?: 'everybody' | 'owner'
  /**
   * Runs one listing; the database's `read`, so that all its look-ups share one transaction: each
   * costs half as much as by itself. By default they are on their own.
   */
  readonly together?: Together
  /** What stands for content that has no CID yet: inodes of the kind `imageDirectory`. */
  readonly images?: ImageNodes
}

export interface ImageNodes {
  readonly facts: (ino: Ino) => NodeFacts
  /** Throws `no-attribute` while it has no CID. */
  readonly directory: (ino: Ino) => Directory
}

export type Together = (listing: () => void) => void

/** Stands for the inode of an entry that could not be looked at, as FUSE has it (FUSE_UNKNOWN_INO). */
export const unknownIno: Ino = 0xffffffff

/** What is wrong with one entry only, and shows when that is looked up. */
const entryErrors: ReadonlySet<ErrorCode> = new Set([
  'missing',
  'corrupt',
  'unsupported',
  'invalid'
])

/** CIDs as inodes: what all frozen trees show of UnixFS content. The errors are those of `Tree`. */
export class ContentNodes {
  readonly #reader: UnixfsReader
  readonly #inodes: InodeTable
  readonly #owner: Owner
  readonly #mtimeSeconds: number
  readonly #unsaidMask: number
  readonly #together: Together
  readonly #records: SideRecords
  readonly #images: ImageNodes | undefined

  constructor(options: ContentNodesOptions) {
    this.#reader = options.reader
    this.#inodes = options.inodes
    this.#owner = options.owner
    this.#mtimeSeconds = options.mtimeSeconds ?? 0
    this.#unsaidMask = options.unsaid === 'owner' ? 0o700 : 0o777
    this.#together = options.together ?? (listing => listing())
    this.#records = new SideRecords(options.reader)
    this.#images = options.images
  }

  attributes(ino: Ino): Attributes {
    const facts = this.#facts(ino)
    if (facts === undefined) return this.#inodes.attributes(ino, this.#owner)
    const { uid, gid, device } = facts
    // As tar does it: only root gives files to others, all else would lock out who runs this.
    const owner = this.#owner.uid === 0 ? { uid, gid } : this.#owner
    const attributes = this.#inodes.attributes(ino, owner)
    return device === undefined ? attributes : { ...attributes, rdev: deviceNumber(device) }
  }

  /** What is recorded of an inode. */
  #facts(ino: Ino): NodeFacts | undefined {
    const kind = this.#inodes.kind(ino)
    if (kind === inodeKind.imageDirectory) return this.#images?.facts(ino)
    if (kind !== inodeKind.described) return undefined
    return this.#records.facts(splitDescribed(this.#inodes.identity(ino).identity).record)
  }

  /** What a directory's inode is of. Throws `not-directory`. */
  directory(ino: Ino): Directory {
    if ((this.#inodes.mode(ino) & fileType.mask) !== fileType.directory) {
      throw new CairnError('not-directory', 'only a directory has entries')
    }
    return this.content(ino)
  }

  /** The content that an inode is of. */
  content(ino: Ino): Directory & Pick<InodeIdentity, 'cidVersion'> {
    const { kind, identity, codec: code, cidVersion } = this.#inodes.identity(ino)
    if (kind === inodeKind.imageDirectory && this.#images !== undefined) {
      return { ...this.#images.directory(ino), cidVersion: 1 }
    }
    if (kind !== inodeKind.described) return { codec: code, multihash: identity, cidVersion }
    const { content, record } = splitDescribed(identity)
    return { codec: code, multihash: content, cidVersion, record }
  }

  /** Extended attributes of a side record; none of content without one. */
  recordedXattrs(ino: Ino): ReadonlyMap<string, Uint8Array> {
    return this.#facts(ino)?.xattrs ?? new Map()
  }

  /**
   * The inode of a link found in a directory, with one look-up counted. One already known costs no
   * look into the store. Throws `missing`, `corrupt`, `unsupported`.
   */
  place(parent: Ino, link: ContentLink): Ino {
    const file = keyOf(link, 0)
    const known = this.#inodes.find(file)
    if (known !== 0) return known
    const directory = keyOf(link, parent)
    const placed = this.#inodes.find(directory)
    if (placed !== 0) return placed
    if (link.codec === codec.raw) return this.#placeLeaf(file, directory, link)
    const details = this.#details(link)
    const isDirectory = (details.mode & fileType.mask) === fileType.directory
    return this.#inodes.add(isDirectory ? directory : file, details)
  }

  /**
   * A leaf that is not here is as long as its folder claims, so that listing brings no content here; in that
   * place alone, for other folders may claim otherwise.
   */
  #placeLeaf(file: InodeKey, here: InodeKey, link: ContentLink): Ino {
    try {
      return this.#inodes.add(file, this.#details(link))
    } catch (cause) {
      const claimed = cause instanceof CairnError && cause.code === 'missing' ? link.dagBytes : 0
      if (!claimed) throw cause
      return this.#inodes.add(here, this.#detailsOf(link, { kind: 'file', bytes: claimed }))
    }
  }

  #details(link: ContentLink): InodeDetails {
    return this.#detailsOf(link, this.#reader.infoOf(link.codec, link.multihash))
  }

  #detailsOf(link: ContentLink, info: NodeInfo): InodeDetails {
    if (!Number.isSafeInteger(info.bytes) || info.bytes < 0) {
      throw new CairnError('corrupt', `${cidText(link)} says it has ${info.bytes} bytes`)
    }
    const device = link.record === undefined ? undefined : this.#records.facts(link.record).device
    return this.detailsOf(info, device)
  }

  /** What `stat` shows of a node that says this. */
  detailsOf(info: NodeInfo, device?: NodeFacts['device']): InodeDetails {
    return {
      mode: contentMode(info, this.#unsaidMask, device),
      size: info.kind === 'directory' ? 0 : info.bytes,
      mtimeSeconds: info.mtimeSeconds ?? this.#mtimeSeconds,
      mtimeNanoseconds: info.mtimeNanoseconds ?? 0
    }
  }

  /** The entry of a directory's content, as an inode of `parent`. */
  lookup(parent: Ino, directory: Directory, name: Name): Attributes {
    const link = this.#reader.lookup(directory.codec, directory.multihash, name)
    if (link === undefined) {
      throw new CairnError('not-found', `there is no ${JSON.stringify(nameText(name))} here`)
    }
    return this.attributes(
      this.place(parent, described(link, this.#records.find(directory.record, name)))
    )
  }

  /** Visits the entries of a directory's content, as inodes of `parent`. */
  list(
    parent: Ino,
    directory: Directory,
    options: ReadDirectoryOptions,
    visit: (entry: DirectoryEntry) => boolean
  ): void {
    const links = this.#reader.list(directory.codec, directory.multihash)
    if (options.cookie >= links.length) return
    const records = this.#records.list(directory.record)
    this.#together(() => {
      for (let index = options.cookie; index < links.length; index++) {
        const plain = links[index] as DirectoryLink
        const link = described(plain, records.get(plain.name))
        if (!this.visit(parent, link, index + 1, options.withAttributes, visit)) return
      }
    })
  }

  /** Visits one entry; one that cannot be looked at is shown by its name alone. */
  visit(
    parent: Ino,
    link: ContentLink,
    cookie: number,
    withAttributes: boolean,
    visit: (entry: DirectoryEntry) => boolean
  ): boolean {
    const ino = this.#tryPlace(parent, link)
    if (ino === 0) {
      const mode = link.codec === codec.raw ? fileType.regular : 0
      return visit({ name: link.name, ino: unknownIno, mode, attributes: undefined, cookie })
    }
    return this.visitInode(link.name, ino, cookie, withAttributes, visit)
  }

  /** Visits an entry whose inode has one look-up counted for it, which goes if the entry is not taken with attributes. */
  visitInode(
    name: Name,
    ino: Ino,
    cookie: number,
    withAttributes: boolean,
    visit: (entry: DirectoryEntry) => boolean
  ): boolean {
    const attributes = this.attributes(ino)
    const taken = visit({
      name,
      ino,
      mode: attributes.mode,
      attributes: withAttributes ? attributes : undefined,
      cookie
    })
    if (!taken || !withAttributes) this.#inodes.forget(ino, 1)
    return taken
  }

  #tryPlace(parent: Ino, link: ContentLink): Ino {
    try {
      return this.place(parent, link)
    } catch (error) {
      if (error instanceof CairnError && entryErrors.has(error.code)) return 0
      throw error
    }
  }

  read(ino: Ino, target: Uint8Array, position: number): number {
    const type = this.#inodes.mode(ino) & fileType.mask
    if (type === fileType.directory) throw new CairnError('is-directory', 'it is a directory')
    if (type !== fileType.regular) throw new CairnError('invalid', 'only a file can be read')
    const { codec: code, multihash } = this.content(ino)
    if (code === codec.raw && this.#inodes.parent(ino) !== rootIno) this.#checkClaim(ino, multihash)
    return this.#reader.readFile(code, multihash, target, position)
  }

  /** Less than a leaf is, or more, would be shown as if it were all of it. */
  #checkClaim(ino: Ino, multihash: Multihash): void {
    const { size } = this.#inodes.attributes(ino, this.#owner)
    const { bytes } = this.#reader.infoOf(codec.raw, multihash)
    if (bytes === size) return
    const cid = textOfCid(codec.raw, multihash, 1)
    throw new CairnError('corrupt', `${cid} has ${bytes} bytes, its folder says ${size}`)
  }

  /** The raw leaves of a large file, as `UnixfsReader.rawLeaves`; none of what no plain file can be. */
  largeLeaves(ino: Ino): Iterable<RawLeaf> {
    const { mode, size } = this.#inodes.attributes(ino, this.#owner)
    const isFile = (mode & fileType.mask) === fileType.regular
    if (!isFile || size < limits.adoptedFileBytes) return []
    const { codec: code, multihash } = this.content(ino)
    return this.#reader.rawLeaves(code, multihash)
  }

  readLink(ino: Ino): Uint8Array {
    if ((this.#inodes.mode(ino) & fileType.mask) !== fileType.symlink) {
      throw new CairnError('invalid', 'it is not a symlink')
    }
    const { codec: code, multihash } = this.content(ino)
    return this.#reader.readSymlink(code, multihash)
  }
}
