import { type Name, nameFromBytes } from '../../base/names.ts'
import type { Context } from './context.ts'
import type { DraftRow } from './drafts.ts'
import type { ShownInode } from './inode.ts'

/** An entry of an unfolded directory with what the rows say of its inode. */
export interface JoinedEntry {
  readonly name: Name
  readonly ino: number
  readonly cookie: number
  /** Undefined where the inode has no row. */
  readonly inode: ShownInode | undefined
  readonly draft: DraftRow
}

/**
 * In the order of `JoinedRow`. Bytes come as hexadecimal text: the memory that node:sqlite makes for a
 * blob costs more than the text, its conversion, and a third of the statement.
 */
const statement = `
  SELECT hex(name), dentries.ino, dentries.cookie, mode, links, uid, gid, rdev, size,
    atimeSeconds, atimeNanoseconds, mtimeSeconds, mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds,
    dirty, generation, inodes.draft, codec, hex(multihash), cidVersion,
    length(bytes), writtenSeconds, writtenNanoseconds
  FROM dentries LEFT JOIN inodes ON inodes.ino = dentries.ino
  LEFT JOIN mfs_small_drafts ON mfs_small_drafts.draft = inodes.draft
  WHERE parent = ? AND dentries.cookie > ? ORDER BY dentries.cookie LIMIT ?`

type JoinedRow = [
  string,
  number,
  number,
  ...Values<12>,
  number,
  number,
  number | null,
  number | null,
  string,
  number | null,
  number | null,
  number | null,
  number | null
]

type Values<Count extends number, Found extends number[] = []> = Found['length'] extends Count
  ? Found
  : Values<Count, [...Found, number]>

/**
 * The entries after a cookie, in one statement: a look at each one's rows would cost several times as
 * much, and rows as objects half as much again as rows as arrays.
 */
export function joinedEntries(
  context: Context,
  directory: number,
  cookie: number,
  count: number
): JoinedEntry[] {
  const prepared = context.database.statement(statement)
  prepared.setReturnArrays(true)
  return (prepared.all(directory, cookie, count) as unknown as JoinedRow[]).map(entryOf)
}

function entryOf(row: JoinedRow): JoinedEntry {
  const [name, ino, cookie] = row
  const [draftBytes, writtenSeconds, writtenNanoseconds] = [row[21], row[22], row[23]]
  return {
    name: nameFromBytes(Buffer.from(name, 'hex')),
    ino,
    cookie,
    inode: row[3] === null ? undefined : inodeOf(row),
    draft: { draftBytes, writtenSeconds, writtenNanoseconds }
  }
}

function inodeOf(row: JoinedRow): ShownInode {
  return {
    ino: row[1],
    mode: row[3],
    links: row[4],
    uid: row[5],
    gid: row[6],
    rdev: row[7],
    size: row[8],
    atimeSeconds: row[9],
    atimeNanoseconds: row[10],
    mtimeSeconds: row[11],
    mtimeNanoseconds: row[12],
    ctimeSeconds: row[13],
    ctimeNanoseconds: row[14],
    dirty: row[15],
    generation: row[16],
    draft: row[17],
    codec: row[18],
    multihash: row[19] === '' ? null : Buffer.from(row[19], 'hex'),
    cidVersion: row[20]
  }
}
