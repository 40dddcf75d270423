import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, splitPath } from '../base/names.ts'
import type { DirectoryLink, Metadata, Node, UnixfsWriter } from '../unixfs/api.ts'

interface TreeDirectory {
  readonly kind: 'directory'
  metadata: Metadata
  readonly entries: Map<Name, TreeNode>
}

interface TreeLeaf {
  readonly kind: 'file' | 'symlink'
  readonly node: Node
}

type TreeNode = TreeDirectory | TreeLeaf

/** The tree of an archive while its entries come in; nothing in it can reach outside of it. */
export class EntryTree {
  readonly #root: TreeDirectory = newDirectory({})

  /** A leaf at a path; replaces what was there. Throws `invalid` on a path that leads out or through a leaf. */
  putLeaf(path: string, kind: TreeLeaf['kind'], node: Node): void {
    const { parent, name } = this.#place(path)
    parent.entries.set(name, { kind, node })
  }

  /** A directory; one that is there keeps its entries and takes the metadata. */
  putDirectory(path: string, metadata: Metadata): void {
    const parts = parsePath(path)
    const directory = parts.reduce((above, name) => this.#descend(above, name, path), this.#root)
    directory.metadata = metadata
  }

  /** The file at a path, for a hard link to it. */
  file(path: string): Node | undefined {
    let at: TreeNode | undefined = this.#root
    for (const name of parsePath(path)) {
      at = at?.kind === 'directory' ? at.entries.get(name) : undefined
    }
    return at === undefined || at.kind === 'directory' ? undefined : at.node
  }

  /** Stores the directories, and returns the root and how many they are. */
  build(writer: UnixfsWriter): { node: Node; directories: number } {
    let directories = 0
    const store = (directory: TreeDirectory): Node => {
      directories++
      const links: DirectoryLink[] = []
      for (const [name, entry] of directory.entries) {
        links.push({ ...(entry.kind === 'directory' ? store(entry) : entry.node), name })
      }
      return writer.directory(links, directory.metadata)
    }
    return { node: store(this.#root), directories }
  }

  #place(path: string): { parent: TreeDirectory; name: Name } {
    const parts = parsePath(path)
    const name = parts.pop()
    if (name === undefined) throw invalidPath(path, 'names the root of the archive')
    const parent = parts.reduce((above, part) => this.#descend(above, part, path), this.#root)
    return { parent, name }
  }

  #descend(above: TreeDirectory, name: Name, path: string): TreeDirectory {
    const there = above.entries.get(name)
    if (there?.kind === 'directory') return there
    if (there?.kind === 'symlink') throw invalidPath(path, 'leads through a symlink')
    if (there?.kind === 'file') throw invalidPath(path, 'leads through a file')
    const directory = newDirectory({})
    above.entries.set(name, directory)
    return directory
  }
}

function newDirectory(metadata: Metadata): TreeDirectory {
  return { kind: 'directory', metadata, entries: new Map() }
}

function parsePath(path: string): Name[] {
  if (path.startsWith('/')) throw invalidPath(path, 'is absolute')
  if (Buffer.byteLength(path) > limits.symlinkBytes) throw invalidPath(path, 'is too long')
  try {
    return splitPath(path)
  } catch (cause) {
    throw new CairnError('invalid', `the archive's entry ${shown(path)} has a bad name`, { cause })
  }
}

function invalidPath(path: string, why: string): CairnError {
  return new CairnError('invalid', `the archive's entry ${shown(path)} ${why}`)
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200))
}
