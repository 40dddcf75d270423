import { type Name, nameFromBytes } from '../../base/names.ts'
import type { DirectoryLink } from '../../unixfs/api.ts'
import type { ShardedBefore } from '../../unixfs/change-directory.ts'
import type { Context } from './context.ts'
import { rootIno } from './context.ts'
import { findDentry } from './dentries.ts'
import { type Inode, isDirectory, type Sealed } from './inode.ts'
import { findRow, linkInRange } from './inodes.ts'
import { changedNames, knownShards } from './known-shards.ts'
import { linkAt, linksOf, rangeOfDirectory } from './ranges.ts'
import { travels } from './seal-file.ts'

/**
 * A directory to rebuild: links that stand, and names whose inodes are dirty themselves. With `before` these
 * are only what may be different there, and `gone` what is in it no more.
 */
export interface DirectoryPlan {
  readonly inode: Inode
  readonly before?: ShardedBefore | undefined
  readonly gone: Name[]
  readonly links: DirectoryLink[]
  readonly pending: Array<{ readonly name: DirectoryLink['name']; readonly inode: Inode }>
}

/** Inside one read transaction: every dirty directory from the root down, parents before children. */
export function planDirectories(context: Context): DirectoryPlan[] {
  const root = findRow(context, rootIno)
  if (root === undefined || root.dirty === 0) return []
  const plans: DirectoryPlan[] = []
  for (const stack = [root]; ; ) {
    const inode = stack.pop()
    if (inode === undefined) return plans
    const plan = planDirectory(context, inode)
    plans.push(plan)
    for (const { inode: child } of plan.pending) if (isDirectory(child)) stack.push(child)
  }
}

function planDirectory(context: Context, inode: Inode): DirectoryPlan {
  const before = knownShards(context, inode)
  const changes = before && planChanges(context, inode, before)
  if (changes !== undefined) return changes
  return inode.unfolded === 1 ? planUnfolded(context, inode) : planFolded(context, inode)
}

/** Where a tenth of the names may be different, building anew costs less. An entry takes some 60 bytes of a list. */
const changeBytes = 600

/** Undefined where too much is different. */
function planChanges(
  context: Context,
  inode: Inode,
  before: ShardedBefore
): DirectoryPlan | undefined {
  const most = Math.floor(before.listBytes / changeBytes)
  const plan: DirectoryPlan = { inode, before, links: [], pending: [], gone: [] }
  if (inode.unfolded === 0) return planRows(context, plan, most)
  const names = changedNames(context, inode.ino, most)
  for (const name of names ?? []) {
    const ino = findDentry(context, inode, name)?.ino
    const row = ino === undefined ? undefined : findRow(context, ino)
    if (row !== undefined) place(plan, name, row, () => row)
    else {
      const link = ino === undefined ? undefined : linkInRange(context, ino)
      if (link === undefined) plan.gone.push(name)
      else plan.links.push({ ...link, name })
    }
  }
  return names && plan
}

/** Of a folded directory only what has a row can be different. */
function planRows(context: Context, plan: DirectoryPlan, most: number): DirectoryPlan | undefined {
  const range = rangeOfDirectory(context, plan.inode.ino)
  const rows = range === undefined ? new Map() : rowsBetween(context, range.base, range.count, most)
  if (range === undefined || rows.size > most) return undefined
  for (const [ino, row] of rows) {
    const link = linkAt(context, range, ino)
    if (link !== undefined) place(plan, link.name, row, () => row)
  }
  return plan
}

/** An entry as a seal looks at it: all of its inode's row would cost three times as much. Nulls from `mode` on: no row. */
type EntryRow = [
  name: Uint8Array,
  ino: number,
  mode: number | null,
  dirty: number | null,
  codec: number | null,
  multihash: Uint8Array | null,
  cidVersion: number | null,
  dagBytes: number | null
]

function planUnfolded(context: Context, inode: Inode): DirectoryPlan {
  const plan: DirectoryPlan = { inode, links: [], pending: [], gone: [] }
  const entries = context.database.statement(
    `SELECT name, dentries.ino, mode, dirty, codec, multihash, cidVersion, dagBytes FROM dentries
     LEFT JOIN inodes ON inodes.ino = dentries.ino WHERE dentries.parent = ?`
  )
  entries.setReturnArrays(true)
  const links = linksOnce(context, inode.ino)
  for (const entry of entries.iterate(inode.ino)) {
    addEntry(context, plan, entry as unknown as EntryRow, links)
  }
  return plan
}

/** The link of an inode number; those of the directory's own range are listed once for all of them. */
function linksOnce(
  context: Context,
  directory: number
): (ino: number) => DirectoryLink | undefined {
  const range = rangeOfDirectory(context, directory)
  let links: readonly DirectoryLink[] | undefined
  return ino => {
    if (range === undefined || ino < range.base || ino >= range.base + range.count) {
      return linkInRange(context, ino)
    }
    links ??= linksOf(context, range)
    return links[ino - range.base]
  }
}

function addEntry(
  context: Context,
  plan: DirectoryPlan,
  [bytes, ino, mode, dirty, codec, multihash, cidVersion, dagBytes]: EntryRow,
  linkOf: (ino: number) => DirectoryLink | undefined
): void {
  const name = nameFromBytes(bytes)
  if (mode === null) {
    const link = linkOf(ino)
    if (link !== undefined) plan.links.push({ ...link, name })
    return
  }
  const seen = { mode, dirty: dirty ?? 1, codec, multihash, cidVersion, dagBytes }
  place(plan, name, seen, () => findRow(context, ino))
}

/** Below a folded directory names are as in its block; only rows may differ from what it links. */
function planFolded(context: Context, inode: Inode): DirectoryPlan {
  const plan: DirectoryPlan = { inode, links: [], pending: [], gone: [] }
  const range = rangeOfDirectory(context, inode.ino)
  const { codec, multihash } = range ?? inode
  if (codec === null || multihash === null) return plan
  const rows = range === undefined ? new Map() : rowsBetween(context, range.base, range.count)
  const links =
    range === undefined ? context.unixfs.reader.list(codec, multihash) : linksOf(context, range)
  links.forEach((link, position) => {
    const row = rows.get((range?.base ?? 0) + position)
    if (row === undefined) plan.links.push(link)
    else place(plan, link.name, row, () => row)
  })
  return plan
}

/** More than `most` need not be told. */
function rowsBetween(
  context: Context,
  base: number,
  count: number,
  most = count
): Map<number, Inode> {
  const rows = context.database
    .statement('SELECT *, 1 AS stored FROM inodes WHERE ino >= ? AND ino < ? LIMIT ?')
    .all(base, base + count, most + 1) as unknown as Inode[]
  return new Map(rows.map(row => [row.ino, row]))
}

function place(
  plan: DirectoryPlan,
  name: DirectoryLink['name'],
  seen: Pick<Inode, 'mode' | 'dirty' | keyof Sealed>,
  whole: () => Inode | undefined
): void {
  const { codec, multihash, cidVersion, dagBytes } = seen
  if (!travels(seen)) {
    plan.gone.push(name)
    return
  }
  if (seen.dirty === 1 || codec === null || multihash === null) {
    const inode = whole()
    if (inode !== undefined) plan.pending.push({ name, inode })
    return
  }
  plan.links.push({
    name,
    codec,
    multihash,
    cidVersion: cidVersion === 0 ? 0 : 1,
    dagBytes: dagBytes ?? 0
  })
}
