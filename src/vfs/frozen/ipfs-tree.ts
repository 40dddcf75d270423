import { CairnError } from '../../base/errors.ts'
import { checkName, type Name } from '../../base/names.ts'
import {
  type Attributes,
  type DirectoryEntry,
  fileType,
  type Ino,
  type ReadDirectoryOptions,
  type Tree,
  type TreeStatistics
} from '../api.ts'
import { cidXattrNames, readCidXattr } from './cid-xattr.ts'
import { ContentNodes } from './content-nodes.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'
import { rootIno } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'
import { parseCidName } from './parse-cid-name.ts'

/**
 * Everything IPFS can name, by CID: `/ipfs/<cid>/path`. The root takes any CID of UnixFS or raw
 * content, in any base; it lists none, since there is no end of them.
 */
export function openIpfsTree(options: FrozenTreeOptions): Tree {
  return new IpfsTree(options)
}

class IpfsTree implements Tree {
  readonly root = rootIno
  readonly nature = 'frozen'
  readonly statistics: () => TreeStatistics
  readonly #inodes: InodeTable
  readonly #content: ContentNodes

  constructor(options: FrozenTreeOptions) {
    this.statistics = options.statistics
    this.#inodes = options.inodes
    this.#content = new ContentNodes(options)
  }

  /** A CID may come to be here at any time; what a CID shows never changes. */
  frozen(ino: Ino): boolean {
    return ino !== rootIno
  }

  lookup(parent: Ino, name: Name): Attributes {
    checkName(name)
    if (parent !== rootIno) {
      return this.#content.lookup(parent, this.#directory(parent), name)
    }
    const { code, multihash, version } = parseCidName(name)
    const link = { name, codec: code, multihash: multihash.bytes, cidVersion: version }
    return this.attributes(this.#content.place(rootIno, link))
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
    if (ino !== rootIno) this.#content.list(ino, this.#directory(ino), options, visit)
  }

  #directory(ino: Ino) {
    if ((this.#inodes.mode(ino) & fileType.mask) === fileType.directory) {
      return this.#inodes.identity(ino)
    }
    throw new CairnError('not-directory', 'only a directory has entries')
  }

  parent(ino: Ino): Ino {
    return this.#inodes.parent(ino)
  }

  read(ino: Ino, target: Uint8Array, position: number): number {
    return this.#content.read(ino, target, position)
  }

  xattr(ino: Ino, name: string): Uint8Array {
    return readCidXattr(this.#inodes, ino, name)
  }

  xattrNames(ino: Ino): string[] {
    return cidXattrNames(this.#inodes, ino)
  }

  /** Nothing of its own to close: the table and the reader are the caller's. */
  close(): void {}
}
