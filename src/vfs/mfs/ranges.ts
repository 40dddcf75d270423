import { CairnError } from '../../base/errors.ts'
import type { DirectoryLink, DirectoryOrder } from '../../unixfs/api.ts'
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
  const { length } = orderOf(context, { codec, multihash })
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

/** The entries of a directory in blocks, by place and by name. Throws `missing`. */
export function orderOf(
  context: Context,
  { codec, multihash }: Pick<Range, 'codec' | 'multihash'>
): DirectoryOrder {
  return context.unixfs.reader.order(codec, multihash, context.shardCounts)
}

/** All entries of a range: only for what needs them all. */
export function linksOf(context: Context, range: Range): readonly DirectoryLink[] {
  return context.unixfs.reader.list(range.codec, range.multihash)
}

/** The entry that an inode number of a range stands for. */
export function linkAt(context: Context, range: Range, ino: number): DirectoryLink | undefined {
  return orderOf(context, range).slice(ino - range.base, 1)[0]
}
