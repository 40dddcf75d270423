import { CairnError } from '../base/errors.ts'
import type { Name } from '../base/names.ts'
import { type Attributes, type DirectoryEntry, fileType, type Ino, type Tree } from '../vfs/api.ts'
import { isType } from './resource.ts'

/** A path below the collection that is not what it was. */
export interface TreeChange {
  readonly names: readonly Name[]
  readonly gone: boolean
  /** What is there now, or what has gone, has members. */
  readonly folder: boolean
}

export interface Compared {
  readonly tree: Tree
  /** Undefined: there was nothing. */
  readonly before: Ino | undefined
  readonly after: Ino
  /** Of folders that are not what they were, what is in them, down to so many levels. */
  readonly levels: number
}

/** Entries looked at at a time. */
const batch = 128

/**
 * What differs between two directories of a frozen tree, by the CIDs of their entries: what is the
 * same in both is not looked into, nor what lies deeper than the levels wanted. Undefined is yielded for
 * an entry that was looked at and says nothing. Throws `missing`.
 */
export function* changesBetween(
  compared: Compared,
  names: readonly Name[] = []
): Generator<TreeChange | undefined> {
  const { tree, before, after } = compared
  for (const { name, attributes } of entriesOf(tree, after)) {
    yield undefined
    const old = before === undefined ? undefined : lookedUp(tree, before, name)
    try {
      if (old !== undefined && isSame(tree, old, attributes)) continue
      yield* changesOf(compared, [...names, name], old, attributes)
    } finally {
      if (old !== undefined) tree.forget(old.ino, 1)
    }
  }
  if (before === undefined) return
  for (const { name, mode } of entriesOf(tree, before)) {
    yield undefined
    const now = lookedUp(tree, after, name)
    const folder = isType({ mode }, fileType.directory)
    if (now === undefined) yield { names: [...names, name], gone: true, folder }
    else tree.forget(now.ino, 1)
  }
}

/** A folder that was one before is told by its members, if they are wanted. */
function* changesOf(
  compared: Compared,
  names: readonly Name[],
  old: Attributes | undefined,
  now: Attributes | undefined
): Generator<TreeChange | undefined> {
  const before = folderIn(old)
  const after = folderIn(now)
  const deeper = names.length < compared.levels
  const told = deeper && before !== undefined && after !== undefined
  if (!told) yield { names, gone: false, folder: after !== undefined }
  if (deeper && after !== undefined) {
    yield* changesBetween({ ...compared, before, after }, names)
  }
}

function folderIn(attributes: Attributes | undefined): Ino | undefined {
  const folder = attributes !== undefined && isType(attributes, fileType.directory)
  return folder ? attributes.ino : undefined
}

/** Each stays looked up until the next is asked for. */
function* entriesOf(tree: Tree, ino: Ino): Generator<DirectoryEntry> {
  for (let cookie = 0; ; ) {
    const entries: DirectoryEntry[] = []
    try {
      tree.readDirectory(ino, { cookie, withAttributes: true, atMost: batch }, entry => {
        if (entries.length === batch) return false
        entries.push(entry)
        return true
      })
      yield* entries
    } finally {
      for (const { attributes } of entries) {
        if (attributes !== undefined) tree.forget(attributes.ino, 1)
      }
    }
    const last = entries.at(-1)
    if (last === undefined || entries.length < batch) return
    cookie = last.cookie
  }
}

function lookedUp(tree: Tree, parent: Ino, name: Name): Attributes | undefined {
  try {
    return tree.lookup(parent, name)
  } catch (error) {
    if (error instanceof CairnError && error.code === 'not-found') return undefined
    throw error
  }
}

/** What has no attributes is not here: nobody can say that it is the same. */
function isSame(tree: Tree, old: Attributes, now: Attributes | undefined): boolean {
  if (now === undefined) return false
  return old.ino === now.ino || cidIn(tree, old) === cidIn(tree, now)
}

function cidIn(tree: Tree, { ino }: Attributes): string {
  return Buffer.from(tree.xattr(ino, 'user.cairn.cid')).toString('latin1')
}
