import { CairnError } from '../../base/errors.ts'
import { checkName, type Name, nameFromBytes } from '../../base/names.ts'
import type { Attributes, Caller } from '../api.ts'
import type { CloneOptions } from './api.ts'
import type { Context } from './context.ts'
import { addDentry, getDentry, isWithin } from './dentries.ts'
import { touchDirectory } from './dirty.ts'
import { attributesOf, type Inode, isDirectory, timeNow } from './inode.ts'
import { findRow, getDirectory, getInode, insertInode } from './inodes.ts'
import { enter, spendOnRow } from './make.ts'
import { reserveNumbers } from './numbers.ts'
import { orderOf, rangeOfDirectory } from './ranges.ts'
import { currentAttributes } from './read.ts'
import { readDirectory } from './read-directory.ts'

/**
 * A copy under a new name that shares content: what is sealed, a whole tree too, costs a row; of
 * what is not, drafts are copied and directories made anew, all in the one transaction.
 */
export function clone(
  context: Context,
  ino: number,
  parent: number,
  name: Name,
  options: CloneOptions
): Attributes {
  checkName(name)
  const drafts: number[] = []
  try {
    const made = context.database.write(() => {
      const source = getInode(context, ino)
      if (isDirectory(source) && options.members && isWithin(context, parent, ino)) {
        throw new CairnError('invalid', 'a directory cannot be copied into itself')
      }
      const directory = enter(context, parent, name)
      const copy = new Copy(context, options, drafts)
      const made = copy.inode(source)
      addDentry(context, parent, name, { ino: made, cookie: made })
      touchDirectory(context, directory, isDirectory(source) ? 1 : 0)
      copy.carryBelow()
      return made
    })
    context.lookups.add(made)
    return currentAttributes(context, made)
  } catch (error) {
    context.drafts.delete(drafts)
    throw error
  }
}

/** Inside one transaction: numbers are reserved in it, and with it given back. */
class Copy {
  readonly #context: Context
  readonly #caller: Caller
  readonly #members: boolean
  readonly #carry: CloneOptions['carry']
  readonly #drafts: number[]
  readonly #shared: Array<{ from: number; to: number }> = []

  constructor(context: Context, options: CloneOptions, drafts: number[]) {
    this.#context = context
    this.#caller = options.caller
    this.#members = options.members
    this.#carry = options.carry
    this.#drafts = drafts
  }

  inode(source: Inode): number {
    const context = this.#context
    spendOnRow(context)
    const ino = reserveNumbers(context.database, 1)
    const draft = source.draft === null ? null : this.#copyDraft(source.draft)
    const known = source.draft === null ? undefined : context.drafts.state(source.draft)
    const shown = attributesOf(source, known)
    const now = timeNow(context.clock)
    const folder = isDirectory(source)
    const anew = folder && (source.dirty === 1 || !this.#members)
    insertInode(context, {
      ...source,
      ...this.#caller,
      ...(anew ? fresh : {}),
      ino,
      size: shown.size,
      mtimeSeconds: shown.mtimeSeconds,
      mtimeNanoseconds: shown.mtimeNanoseconds,
      ctimeSeconds: now.seconds,
      ctimeNanoseconds: now.nanoseconds,
      links: 1,
      generation: 1,
      writers: 0,
      unfolded: anew ? 1 : 0,
      draft
    })
    this.#attach(source.ino, ino)
    if (!folder || !this.#members) return ino
    if (anew) this.#entries(source.ino, ino)
    else this.#shared.push({ from: source.ino, to: ino })
    return ino
  }

  #attach(from: number, to: number): void {
    this.#context.database
      .statement('INSERT OR REPLACE INTO xattrs SELECT ?, name, value FROM xattrs WHERE ino = ?')
      .run(to, from)
    if (this.#carry?.has(from)) this.#carry.copy(from, to)
  }

  #copyDraft(from: number): number {
    const draft = reserveNumbers(this.#context.database, 1)
    this.#drafts.push(draft)
    this.#context.drafts.copy(from, draft)
    return draft
  }

  #entries(from: number, to: number): void {
    const context = this.#context
    const entries: Array<{ name: Name; ino: number }> = []
    readDirectory(context, from, { cookie: 0, withAttributes: false }, ({ name, ino }) => {
      entries.push({ name, ino })
      return true
    })
    for (const { name, ino } of entries) {
      const made = this.inode(getInode(context, ino))
      addDentry(context, to, name, { ino: made, cookie: made })
    }
  }

  /** In a shared tree nothing was copied one by one: what hangs on inodes below it is carried by name. */
  carryBelow(): void {
    for (const { from, to } of this.#shared) {
      for (const entry of storedBelow(this.#context, from)) {
        if (!this.#isAttached(entry.ino)) continue
        const copy = copyOf(this.#context, entry, to)
        this.#store(copy)
        this.#attach(entry.ino, copy)
      }
    }
  }

  #isAttached(ino: number): boolean {
    const xattr = 'SELECT 1 FROM xattrs WHERE ino = ? LIMIT 1'
    if (this.#context.database.statement(xattr).get(ino) !== undefined) return true
    return this.#carry?.has(ino) === true
  }

  /** An inode of a block gets its row, for what hangs on it to go with it. */
  #store(ino: number): void {
    insertInode(this.#context, getInode(this.#context, ino))
  }
}

const fresh = {
  dirty: 1,
  codec: null,
  multihash: null,
  cidVersion: null,
  dagBytes: null
} as const

/** An inode in a tree that is shared, and how it is reached: a list of names for each would take a deep tree's depth squared. */
interface Entry {
  readonly ino: number
  readonly name: Name
  /** Undefined: it is in the tree's top. */
  readonly above: Entry | undefined
  /** What the copy has in its place, once somebody asked. */
  copy: number | undefined
}

/** Inodes below a directory that have rows, as only those have anything attached. */
function* storedBelow(context: Context, top: number): Generator<Entry> {
  const stack: Array<Entry | undefined> = [undefined]
  while (stack.length > 0) {
    const above = stack.pop()
    for (const { ino, name, stored, visited } of touchedEntries(context, above?.ino ?? top)) {
      const entry: Entry = { ino, name, above, copy: undefined }
      if (stored) yield entry
      if (visited) stack.push(entry)
    }
  }
}

/** Its counterpart below the copied top. */
function copyOf(context: Context, entry: Entry, top: number): number {
  const way: Entry[] = []
  let at: Entry | undefined = entry
  for (; at !== undefined && at.copy === undefined; at = at.above) way.push(at)
  let copy = at?.copy ?? top
  for (const step of way.toReversed()) {
    copy = getDentry(context, getDirectory(context, copy), step.name).ino
    step.copy = copy
  }
  return copy
}

interface Touched {
  readonly ino: number
  readonly name: Name
  readonly stored: boolean
  readonly visited: boolean
}

function touchedEntries(context: Context, directory: number): Touched[] {
  const unfolded = findRow(context, directory)?.unfolded === 1
  return unfolded ? touchedDentries(context, directory) : touchedInRange(context, directory)
}

function touchedDentries(context: Context, directory: number): Touched[] {
  const rows = context.database
    .statement(
      `SELECT dentries.ino AS ino, name, inodes.ino IS NOT NULL AS stored,
         (coalesce(inodes.unfolded, 0) = 1
           OR EXISTS (SELECT 1 FROM mfs_ranges WHERE directory = dentries.ino)) AS visited
       FROM dentries LEFT JOIN inodes ON inodes.ino = dentries.ino
       WHERE parent = ? AND (stored OR visited)`
    )
    .all(directory) as Array<{ ino: number; name: Uint8Array; stored: number; visited: number }>
  return rows.map(({ ino, name, stored, visited }) => ({
    ino,
    name: nameFromBytes(name),
    stored: stored === 1,
    visited: visited === 1
  }))
}

/** Of a directory that nobody unfolded: entries with a row or a range of their own. */
function touchedInRange(context: Context, directory: number): Touched[] {
  const range = rangeOfDirectory(context, directory)
  if (range === undefined) return []
  const order = orderOf(context, range)
  const rows = context.database
    .statement(
      `SELECT ino, max(stored) AS stored, max(visited) AS visited FROM (
         SELECT ino, 1 AS stored, 0 AS visited FROM inodes WHERE ino >= ?1 AND ino < ?2
         UNION ALL SELECT directory, 0, 1 FROM mfs_ranges WHERE directory >= ?1 AND directory < ?2
       ) GROUP BY ino`
    )
    .all(range.base, range.base + range.count) as Array<{
    ino: number
    stored: number
    visited: number
  }>
  return rows.flatMap(({ ino, stored, visited }) => {
    const name = order.slice(ino - range.base, 1)[0]?.name
    return name === undefined ? [] : [{ ino, name, stored: stored === 1, visited: visited === 1 }]
  })
}
