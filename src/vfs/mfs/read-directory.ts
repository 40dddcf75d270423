import { codec } from '../../base/blocks.ts'
import { CairnError } from '../../base/errors.ts'
import { type Name, nameFromBytes } from '../../base/names.ts'
import type { DirectoryLink } from '../../unixfs/api.ts'
import type { Attributes, DirectoryEntry, ReadDirectoryOptions } from '../api.ts'
import { fileType } from '../api.ts'
import type { Context } from './context.ts'
import { attributesOf, type Inode } from './inode.ts'
import { findRow, getDirectory, inodeOfLink, linkInRange } from './inodes.ts'
import { type JoinedEntry, joinedEntries } from './joined-entries.ts'
import { orderOf, visitRange } from './ranges.ts'
import { currentAttributes } from './read.ts'

/** Entries fetched at a time, about what one FUSE answer holds. */
const batch = 128

interface Found {
  readonly name: Name
  readonly ino: number
  readonly cookie: number
  /** Null where the inode has no row. */
  readonly mode: number | null
  /** Of an entry of a block. */
  readonly link?: DirectoryLink
  /** Where one look at the rows told them all. */
  readonly attributes?: Attributes | undefined
}

type Visit = (entry: DirectoryEntry) => boolean

/**
 * Cookies are properties of dentries, not positions: entries removed on the way (rm -rf) do not
 * move the others. An entry in blocks has the same cookie before and after its directory unfolds.
 * Entries whose block is not here are listed all the same, with mode 0 and no attributes.
 */
export function readDirectory(
  context: Context,
  ino: number,
  options: ReadDirectoryOptions,
  visit: Visit
): void {
  let cookie = options.cookie
  let left = options.atMost ?? Infinity
  for (;;) {
    const directory = getDirectory(context, ino)
    const unfolded = options.withAttributes ? joinedBatch : unfoldedBatch
    const found = directory.unfolded === 1 ? unfolded : foldedBatch
    const entries = found(context, directory, cookie)
    for (const entry of entries) {
      if (left === 0 || !show(context, entry, options.withAttributes, visit)) return
      cookie = entry.cookie
      left--
    }
    if (entries.length < batch || left <= 0) return
  }
}

function unfoldedBatch(context: Context, directory: Inode, cookie: number): Found[] {
  const rows = context.database
    .statement(
      `SELECT name, dentries.ino AS ino, cookie, mode FROM dentries
       LEFT JOIN inodes ON inodes.ino = dentries.ino
       WHERE parent = ? AND cookie > ? ORDER BY cookie LIMIT ${batch}`
    )
    .all(directory.ino, cookie) as unknown as Array<Omit<Found, 'name'> & { name: Uint8Array }>
  return rows.map(row => ({ ...row, name: nameFromBytes(row.name) }))
}

function joinedBatch(context: Context, directory: Inode, cookie: number): Found[] {
  return joinedEntries(context, directory.ino, cookie, batch).map(entry => ({
    name: entry.name,
    ino: entry.ino,
    cookie: entry.cookie,
    mode: entry.inode?.mode ?? null,
    attributes: joinedAttributes(context, entry)
  }))
}

/** Undefined if the rows do not tell all: the inode is in a block, or its draft in a file. */
function joinedAttributes(context: Context, { inode, draft }: JoinedEntry): Attributes | undefined {
  if (inode === undefined) return undefined
  if (inode.draft === null) return inode
  const state = context.drafts.stateOfRow(inode.draft, draft)
  if (state === undefined) return undefined
  const attributes = attributesOf(inode, state)
  context.listed.set(attributes, inode)
  return attributes
}

function foldedBatch(context: Context, directory: Inode, cookie: number): Found[] {
  const range = visitRange(context, directory)
  return orderOf(context, range)
    .slice(cookie, batch)
    .map((link, position) => ({
      name: link.name,
      ino: range.base + cookie + position,
      cookie: cookie + position + 1,
      mode: null,
      link
    }))
}

/** Shows an entry, and counts a lookup if it was taken with its attributes. */
function show(context: Context, found: Found, withAttributes: boolean, visit: Visit): boolean {
  const { name, ino, cookie } = found
  const attributes = withAttributes
    ? (found.attributes ?? orAbsent(() => attributesOfEntry(context, found)))
    : undefined
  const mode = attributes?.mode ?? found.mode ?? modeOfEntry(context, found)
  const taken = visit({ name, ino, mode, attributes, cookie })
  if (taken && attributes !== undefined) context.lookups.add(ino)
  return taken
}

/** Of an entry in a block whose link is at hand, unless a row says otherwise. */
function attributesOfEntry(context: Context, { ino, link }: Found): Attributes {
  if (link === undefined || findRow(context, ino) !== undefined) {
    return currentAttributes(context, ino)
  }
  const info = context.unixfs.reader.infoOf(link.codec, link.multihash)
  return attributesOf(inodeOfLink(context, ino, link, info), undefined)
}

/** The type of an inode that may have no row: raw blocks are files, others are looked into if they are here. */
function modeOfEntry(context: Context, found: Found): number {
  const row = findRow(context, found.ino)
  if (row !== undefined) return row.mode
  const link = found.link ?? linkInRange(context, found.ino)
  if (link === undefined) return 0
  if (link.codec === codec.raw) return fileType.regular
  const kinds = {
    file: fileType.regular,
    directory: fileType.directory,
    symlink: fileType.symlink
  } as const
  const info = orAbsent(() => context.unixfs.reader.infoOf(link.codec, link.multihash))
  return info === undefined ? 0 : kinds[info.kind]
}

/** Undefined for what is not here, was removed a moment ago, or is damaged: the name is listed, its use says more. */
function orAbsent<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    const listed = ['missing', 'not-found', 'corrupt', 'unsupported']
    if (error instanceof CairnError && listed.includes(error.code)) return undefined
    throw error
  }
}
