import { CairnError } from '../../base/errors.ts'
import type { Name } from '../../base/names.ts'
import type { Attributes } from '../api.ts'
import type { Context } from './context.ts'
import { getDentry } from './dentries.ts'
import { attributesOf, type Inode, isDirectory, isRegular, isSymlink } from './inode.ts'
import { getDirectory, getInode } from './inodes.ts'

/** How often a call starts over because what it looked at changed under it. */
const attempts = 100

export function lookup(context: Context, parent: number, name: Name): Attributes {
  return restart(() => {
    const directory = getDirectory(context, parent)
    const { ino } = getDentry(context, directory, name)
    const attributes = whileChanging(() => currentAttributes(context, ino))
    context.lookups.add(ino)
    return attributes
  })
}

export function currentAttributes(context: Context, ino: number): Attributes {
  return restart(() => {
    const inode = getInode(context, ino)
    if (inode.draft === null) return attributesOf(inode, undefined)
    const draft = inode.draft
    return attributesOf(
      inode,
      whileChanging(() => context.drafts.state(draft))
    )
  })
}

/**
 * Reads a file's bytes: of its draft while it has one, else of its blocks. A draft that is gone was
 * sealed between two looks at the row.
 */
export function read(context: Context, ino: number, target: Uint8Array, position: number): number {
  return restart(() => {
    const inode = getInode(context, ino)
    if (!isRegular(inode)) throw notRegular(inode)
    const draft = inode.draft
    if (draft !== null) {
      return whileChanging(() => context.drafts.read(draft, target, position))
    }
    if (inode.multihash === null || inode.codec === null) return 0
    return context.unixfs.reader.readFile(inode.codec, inode.multihash, target, position)
  })
}

export function notRegular(inode: Inode): CairnError {
  return isDirectory(inode)
    ? new CairnError('is-directory', `inode ${inode.ino} is a directory`)
    : new CairnError('invalid', `inode ${inode.ino} is no regular file`)
}

export function readLink(context: Context, ino: number): Uint8Array {
  const inode = getInode(context, ino)
  if (!isSymlink(inode)) throw new CairnError('invalid', `inode ${ino} is no symlink`)
  if (inode.target !== null) return inode.target
  if (inode.codec === null || inode.multihash === null) return new Uint8Array()
  return context.unixfs.reader.readSymlink(inode.codec, inode.multihash)
}

/** Another thread or process changed something between two steps of a call that takes no transaction. */
class Changed extends Error {}

/** Runs a step of which "not found" means that the step before it is out of date. */
export function whileChanging<T>(step: () => T): T {
  try {
    return step()
  } catch (cause) {
    if (isGone(cause)) throw new Changed('changed meanwhile', { cause })
    throw cause
  }
}

/** True of what `whileChanging` throws, for callers that plan again instead of restarting at once. */
export function isChanged(error: unknown): boolean {
  return error instanceof Changed
}

function isGone(cause: unknown): boolean {
  const code = (cause as { code?: unknown } | null)?.code
  return code === 'ENOENT' || code === 'not-found'
}

/** Runs a call again when `whileChanging` saw a change; gives up with what it saw last. */
export function restart<T>(call: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return call()
    } catch (error) {
      if (!(error instanceof Changed)) throw error
      if (attempt === attempts) throw error.cause
    }
  }
}
