import type { CID } from 'multiformats/cid'
import { makeCid } from '../../base/blocks.ts'
import { CairnError } from '../../base/errors.ts'
import { type Name, nameText } from '../../base/names.ts'
import type { DirectoryLink } from '../../unixfs/api.ts'
import type { SealResult } from './api.ts'
import { type Context, rootIno } from './context.ts'
import { addDentry, findDentry, getDentry } from './dentries.ts'
import { touchDirectory } from './dirty.ts'
import { type Inode, isDirectory, timeNow } from './inode.ts'
import { getDirectory, inodeOfLink, insertInode } from './inodes.ts'
import { enter } from './make.ts'
import { removeTree } from './remove-tree.ts'
import type { Sealer } from './seal.ts'

/** What restores one path of a snapshot, or makes it again. */
export interface PathRestore {
  /** The snapshot's root. */
  readonly cid: CID
  /** From the root on; at least one. */
  readonly names: readonly Name[]
  readonly signal?: AbortSignal | undefined
}

/**
 * Puts what a snapshot has at a path in place of what is there now, which goes into the history first.
 * Nothing is unfolded: a folder of any size costs a row. Throws `not-found` if the snapshot has no such
 * path, or its folder is not there now; `missing`.
 */
export async function restorePath(
  context: Context,
  sealer: Sealer,
  { cid, names, signal }: PathRestore
): Promise<SealResult> {
  const link = find(context, cid, names)
  const info = context.unixfs.reader.infoOf(link.codec, link.multihash)
  const options = signal === undefined ? {} : { signal }
  await sealer.seal({ reason: 'before restore', ...options })
  context.numbers.prepare()
  context.database.write(() => {
    const parent = folderOf(context, names)
    const ino = context.numbers.take()
    const planted = inodeOfLink(context, ino, link, info)
    if (findDentry(context, getDirectory(context, parent), link.name) !== undefined) {
      removeTree(context, parent, link.name)
    }
    plant(context, parent, link.name, planted)
  })
  const path = names.map(nameText).join('/')
  return sealer.seal({ reason: `restore ${path} of ${cid}`, ...options })
}

function plant(context: Context, parent: number, name: Name, planted: Inode): void {
  const directory = enter(context, parent, name)
  const now = timeNow(context.clock)
  insertInode(context, {
    ...planted,
    ...context.owner,
    generation: 1,
    ctimeSeconds: now.seconds,
    ctimeNanoseconds: now.nanoseconds
  })
  addDentry(context, parent, name, { ino: planted.ino, cookie: planted.ino })
  touchDirectory(context, directory, isDirectory(planted) ? 1 : 0)
}

function find(context: Context, cid: CID, names: readonly Name[]): DirectoryLink {
  let at = { codec: cid.code, multihash: cid.multihash.bytes as Uint8Array }
  let found: DirectoryLink | undefined
  for (const name of names) {
    found = context.unixfs.reader.lookup(at.codec, at.multihash, name)
    if (found === undefined) {
      const where = makeCid(at.codec, at.multihash)
      throw new CairnError('not-found', `the snapshot has no ${nameText(name)} in ${where}`)
    }
    at = found
  }
  if (found === undefined) throw new CairnError('invalid', 'the path of nothing was to be restored')
  return found
}

/** The folder of now that the path's last name is in. */
function folderOf(context: Context, names: readonly Name[]): number {
  let ino: number = rootIno
  for (const name of names.slice(0, -1)) {
    ino = getDentry(context, getDirectory(context, ino), name).ino
  }
  return getDirectory(context, ino).ino
}
