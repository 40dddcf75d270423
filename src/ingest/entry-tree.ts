import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, splitBytePath } from '../base/names.ts'
import type { DirectoryLink, Metadata, Node, UnixfsWriter } from '../unixfs/api.ts'
import { type Breather, entryUnits } from './breathe.ts'
import { type BytePath, shownPath } from './paths.ts'

interface TreeDirectory {
  readonly kind: 'directory'
  metadata: Metadata
  readonly entries: Map<Name, TreeNode>
}

export interface TreeLeaf {
  readonly kind: 'file' | 'symlink'
  readonly node: Node
}

type TreeNode = TreeDirectory | TreeLeaf

export interface TreeCounts {
  readonly directories: number
  readonly files: number
  readonly symlinks: number
  /** Of all files added up. */
  readonly bytes: number
}

/** The tree of an archive while its entries come in; nothing in it can reach outside of it. */
export class EntryTree {
  readonly #root: TreeDirectory = newDirectory({})
  #directories = 1

  /** A leaf at a path; replaces what was there. Throws `invalid` on a path that leads out or through a leaf. */
  putLeaf(path: BytePath, leaf: TreeLeaf): void {
    const parts = parsePath(path)
    const name = parts.pop()
    if (name === undefined) throw invalidPath(path, 'names the root of the archive')
    this.#directoryAt(parts, path).entries.set(name, leaf)
  }

  /** A directory; one that is there keeps its entries and takes the metadata. */
  putDirectory(path: BytePath, metadata: Metadata): void {
    this.#directoryAt(parsePath(path), path).metadata = metadata
  }

  /** The file or symlink at a path, for a hard link to it. */
  leaf(path: BytePath): TreeLeaf | undefined {
    let at: TreeNode | undefined = this.#root
    for (const name of parsePath(path)) {
      at = at?.kind === 'directory' ? at.entries.get(name) : undefined
    }
    return at?.kind === 'directory' ? undefined : at
  }

  /** Stores the directories, and returns the root and what there is below it. */
  async build(
    writer: UnixfsWriter,
    breather: Breather
  ): Promise<{ node: Node; counts: TreeCounts }> {
    const counts = { directories: 0, files: 0, symlinks: 0, bytes: 0 }
    const store = async (directory: TreeDirectory): Promise<Node> => {
      const links: DirectoryLink[] = []
      for (const [name, entry] of directory.entries) {
        const node = entry.kind === 'directory' ? await store(entry) : entry.node
        if (entry.kind === 'symlink') counts.symlinks++
        else if (entry.kind === 'file') counts.files++
        counts.bytes += entry.kind === 'file' ? node.fileBytes : 0
        links.push({ ...node, name })
      }
      counts.directories++
      await breather.did(entryUnits * (1 + links.length))
      return writer.directory(links, directory.metadata)
    }
    return { node: await store(this.#root), counts }
  }

  #directoryAt(parts: readonly Name[], path: BytePath): TreeDirectory {
    return parts.reduce((above, name) => this.#descend(above, name, path), this.#root)
  }

  #descend(above: TreeDirectory, name: Name, path: BytePath): TreeDirectory {
    const there = above.entries.get(name)
    if (there?.kind === 'directory') return there
    if (there !== undefined) throw invalidPath(path, `leads through a ${there.kind}`)
    // One path makes up to two thousand: the entries' number bounds nothing by itself.
    if (++this.#directories > limits.unpackedEntries) {
      throw new CairnError(
        'out-of-range',
        `the archive has over ${limits.unpackedEntries} directories: unpack it and add the folder`
      )
    }
    const directory = newDirectory({})
    above.entries.set(name, directory)
    return directory
  }
}

function newDirectory(metadata: Metadata): TreeDirectory {
  return { kind: 'directory', metadata, entries: new Map() }
}

function parsePath(path: BytePath): Name[] {
  if (path.startsWith('/')) throw invalidPath(path, 'is absolute')
  if (path.length > limits.symlinkBytes) throw invalidPath(path, 'is too long')
  try {
    return splitBytePath(path)
  } catch (cause) {
    throw new CairnError('invalid', `the archive's entry ${shownEntry(path)} has a bad name`, {
      cause
    })
  }
}

function invalidPath(path: BytePath, why: string): CairnError {
  return new CairnError('invalid', `the archive's entry ${shownEntry(path)} ${why}`)
}

/** An entry's path in a message. */
export function shownEntry(path: BytePath): string {
  return JSON.stringify(shownPath(path.slice(0, 200)))
}
