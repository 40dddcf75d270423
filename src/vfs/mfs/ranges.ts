import { CairnError } from '../../base/errors.ts'
import type { Name } from '../../base/names.ts'
import type { DirectoryLink } from '../../unixfs/api.ts'
import type { Context } from './context.ts'
import type { Inode } from './inode.ts'
import { reserveNumbers } from './numbers.ts'

/**
 * The inode numbers of a directory that came from a block: entry i of the block's list has
 * `base + i`, for as long as the directory exists, whatever becomes of it.
 */
export interface Range {
  readonly base: number
  readonly count: number
  readonly directory: number
  readonly codec: number
  readonly multihash: Uint8Array
}

/** The range an inode number lies in. */
export function rangeOfIno(context: Context, ino: number): Range | undefined {
  const range = context.database
    .statement('SELECT * FROM mfs_ranges WHERE base <= ? ORDER BY base DESC LIMIT 1')
    .get(ino) as Range | undefined
  return range !== undefined && ino < range.base + range.count ? range : undefined
}

export function rangeOfDirectory(context: Context, directory: number): Range | undefined {
  return context.database
    .statement('SELECT * FROM mfs_ranges WHERE directory = ?')
    .get(directory) as Range | undefined
}

/** The range of a directory in blocks, reserved at the first visit. Throws `missing` of its blocks. */
export function visitRange(context: Context, directory: Inode): Range {
  return rangeOfDirectory(context, directory.ino) ?? reserveRange(context, directory)
}

function reserveRange(context: Context, directory: Inode): Range {
  const { ino, codec, multihash } = directory
  if (codec === null || multihash === null) {
    throw new CairnError('corrupt', `the directory of inode ${ino} has no content: run cairn fsck`)
  }
  const { length } = context.unixfs.reader.list(codec, multihash)
  return context.database.write(() => {
    const other = rangeOfDirectory(context, ino)
    if (other !== undefined) return other
    const base = reserveNumbers(context.database, Math.max(length, 1))
    context.database
      .statement('INSERT INTO mfs_ranges VALUES (?, ?, ?, ?, ?)')
      .run(base, length, ino, codec, multihash)
    return { base, count: length, directory: ino, codec, multihash }
  })
}

export function linksOf(context: Context, range: Range): readonly DirectoryLink[] {
  return context.unixfs.reader.list(range.codec, range.multihash)
}

/** Where a name stands in a range's list. The map is derived from the list alone: it cannot be stale. */
export function positionOf(context: Context, range: Range, name: Name): number | undefined {
  const links = linksOf(context, range)
  let known = context.positions.get(links)
  if (known === undefined) {
    known = new Map(links.map((link, position) => [link.name, position]))
    context.positions.set(links, known)
  }
  return known.get(name)
}
