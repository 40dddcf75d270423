import type { CID } from 'multiformats/cid'
import { codec } from '../../base/blocks.ts'
import { checkName, type Name } from '../../base/names.ts'
import { decodeNode } from '../../unixfs/decode-node.ts'
import type { Attributes, Caller } from '../api.ts'
import type { Context } from './context.ts'
import { addDentry } from './dentries.ts'
import { touchDirectory } from './dirty.ts'
import { isDirectory, timeNow } from './inode.ts'
import { inodeOfLink, insertInode } from './inodes.ts'
import { enter } from './make.ts'
import { reserveNumbers } from './numbers.ts'
import { currentAttributes } from './read.ts'

/**
 * Gives content a name in the tree: a row, whatever its size, for nothing of it is unfolded. Blocks
 * below its root need not be here yet.
 */
export function graft(
  context: Context,
  cid: CID,
  parent: number,
  name: Name,
  caller: Caller
): Attributes {
  checkName(name)
  const info = context.unixfs.reader.info(cid)
  const link = {
    codec: cid.code,
    multihash: cid.multihash.bytes,
    cidVersion: cid.version,
    dagBytes: dagBytesOf(context, cid)
  }
  const made = context.database.write(() => {
    const directory = enter(context, parent, name)
    const ino = reserveNumbers(context.database, 1)
    const { seconds, nanoseconds } = timeNow(context.clock)
    const inode = inodeOfLink(context, ino, link, info)
    insertInode(context, {
      ...inode,
      ...caller,
      generation: 1,
      ctimeSeconds: seconds,
      ctimeNanoseconds: nanoseconds
    })
    addDentry(context, parent, name, { ino, cookie: ino })
    touchDirectory(context, directory, isDirectory(inode) ? 1 : 0)
    return ino
  })
  context.lookups.add(made)
  return currentAttributes(context, made)
}

/** The root block and what its links say of the others: what a link to it from above must say. */
function dagBytesOf({ blocks }: Context, cid: CID): number {
  const block = blocks.read(cid.multihash.bytes)
  if (cid.code !== codec.dagPb) return block.byteLength
  return decodeNode(block).links.reduce((sum, { dagBytes }) => sum + dagBytes, block.byteLength)
}
