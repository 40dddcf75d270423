import { multihashKey } from '../../base/blocks.ts'
import { inodeKind, rootIno } from './inode-key.ts'
import type { InodeTable } from './inode-table.ts'

/** What a door or the kernel knows of the package tree: it may read on there without asking again. */
export interface LivingPackages {
  /** Catalog keys of archives whose folders are known, and so, by their dentries, what lies below. */
  readonly folders: readonly string[]
  /** Files: contents by `multihashKey`. */
  readonly contents: ReadonlySet<string>
}

export function livingPackages(inodes: InodeTable): LivingPackages {
  const folders: string[] = []
  const contents = new Set<string>()
  inodes.living(ino => {
    const kind = inodes.kind(ino)
    if (kind === inodeKind.content) contents.add(multihashKey(inodes.identity(ino).identity))
    if (kind === inodeKind.archiveFolder) folders.push(catalogKey(inodes, ino))
  })
  return { folders, contents }
}

/** The catalog key of a directory of the catalog, or of the archive that a folder shows. */
export function catalogKey(inodes: InodeTable, ino: number): string {
  const parts: string[] = []
  for (let at = ino; at !== rootIno; at = inodes.parent(at)) {
    parts.push(Buffer.from(inodes.identity(at).identity).toString('utf8'))
  }
  return parts.reverse().join('/')
}
