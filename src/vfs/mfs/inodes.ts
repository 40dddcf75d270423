import { CairnError } from '../../base/errors.ts'
import type { DirectoryLink, NodeInfo } from '../../unixfs/api.ts'
import { fileType } from '../api.ts'
import type { Context } from './context.ts'
import type { Inode } from './inode.ts'
import { isDirectory } from './inode.ts'
import { linkAt, rangeOfIno } from './ranges.ts'

/** The inode: its row, or what its directory's block says of it. Throws `not-found`, `missing`. */
export function getInode(context: Context, ino: number): Inode {
  return findRow(context, ino) ?? inodeInRange(context, ino)
}

/** As `getInode`, of a directory that still has a name. Throws `not-directory`. */
export function getDirectory(context: Context, ino: number): Inode {
  const inode = getInode(context, ino)
  if (!isDirectory(inode)) throw new CairnError('not-directory', `inode ${ino} is no directory`)
  return inode
}

export function findRow(context: Context, ino: number): Inode | undefined {
  const statement = context.database.statement(rowSql)
  statement.setReturnArrays(true)
  const row = statement.get(ino)
  return row === undefined ? undefined : inodeOfRow(row as unknown as InodeRow)
}

/** In the order of `Inode`'s columns below: an array takes Node a third of the time that an object with their names does. */
const rowSql = `SELECT ino, mode, links, uid, gid, rdev, size, atimeSeconds, atimeNanoseconds, mtimeSeconds,
  mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds, dirty, generation, writers, unfolded, draft,
  codec, multihash, cidVersion, dagBytes, target FROM inodes WHERE ino = ?`

type InodeRow = [
  ...numbers: [number, number, number, number, number, number, number, number, number, number],
  ...more: [number, number, number, number, number, number, number],
  draft: number | null,
  codec: number | null,
  multihash: Uint8Array | null,
  cidVersion: number | null,
  dagBytes: number | null,
  target: Uint8Array | null
]

function inodeOfRow(row: InodeRow): Inode {
  return {
    ino: row[0],
    mode: row[1],
    links: row[2],
    uid: row[3],
    gid: row[4],
    rdev: row[5],
    size: row[6],
    atimeSeconds: row[7],
    atimeNanoseconds: row[8],
    mtimeSeconds: row[9],
    mtimeNanoseconds: row[10],
    ctimeSeconds: row[11],
    ctimeNanoseconds: row[12],
    dirty: row[13],
    generation: row[14],
    writers: row[15],
    unfolded: row[16],
    draft: row[17],
    codec: row[18],
    multihash: row[19],
    cidVersion: row[20],
    dagBytes: row[21],
    target: row[22],
    stored: 1
  }
}

/** The link of an inode number in the block of the directory it was reserved for. */
export function linkInRange(context: Context, ino: number): DirectoryLink | undefined {
  const range = rangeOfIno(context, ino)
  return range === undefined ? undefined : linkAt(context, range, ino)
}

function inodeInRange(context: Context, ino: number): Inode {
  const link = linkInRange(context, ino)
  if (link === undefined) throw new CairnError('not-found', `there is no inode ${ino} any more`)
  const info = context.unixfs.reader.infoOf(link.codec, link.multihash)
  return inodeOfLink(context, ino, link, info)
}

const kindModes = {
  file: fileType.regular | 0o644,
  directory: fileType.directory | 0o755,
  symlink: fileType.symlink | 0o777
} as const

/** The inode of content that has no row. A directory's links are 1: nobody counted its subdirectories. */
export function inodeOfLink(
  context: Context,
  ino: number,
  link: Pick<DirectoryLink, 'codec' | 'multihash' | 'cidVersion' | 'dagBytes'>,
  info: NodeInfo
): Inode {
  const mode = kindModes[info.kind]
  const seconds = info.mtimeSeconds ?? 0
  const nanoseconds = info.mtimeNanoseconds ?? 0
  return {
    ino,
    mode: info.mode === undefined ? mode : (mode & fileType.mask) | info.mode,
    links: 1,
    uid: context.owner.uid,
    gid: context.owner.gid,
    rdev: 0,
    size: info.kind === 'directory' ? 0 : info.bytes,
    atimeSeconds: seconds,
    atimeNanoseconds: nanoseconds,
    mtimeSeconds: seconds,
    mtimeNanoseconds: nanoseconds,
    ctimeSeconds: seconds,
    ctimeNanoseconds: nanoseconds,
    dirty: 0,
    generation: 0,
    writers: 0,
    unfolded: 0,
    draft: null,
    codec: link.codec,
    multihash: link.multihash,
    cidVersion: link.cidVersion,
    dagBytes: link.dagBytes,
    target: null,
    stored: 0
  }
}

/** Inside a transaction: gives the inode a row if it has none yet, under the same number. */
export function storeInode(context: Context, inode: Inode): void {
  if (inode.stored === 0) insertInode(context, inode)
}

/** One that has a row keeps it. */
export function insertInode(context: Context, inode: Inode): void {
  context.database
    .statement(`INSERT OR IGNORE INTO inodes (
        ino, mode, links, uid, gid, rdev, size, atimeSeconds, atimeNanoseconds, mtimeSeconds,
        mtimeNanoseconds, ctimeSeconds, ctimeNanoseconds, dirty, generation, writers, unfolded,
        draft, codec, multihash, cidVersion, dagBytes, target
      ) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`)
    .run(
      inode.ino,
      inode.mode,
      inode.links,
      inode.uid,
      inode.gid,
      inode.rdev,
      inode.size,
      inode.atimeSeconds,
      inode.atimeNanoseconds,
      inode.mtimeSeconds,
      inode.mtimeNanoseconds,
      inode.ctimeSeconds,
      inode.ctimeNanoseconds,
      inode.dirty,
      inode.generation,
      inode.writers,
      inode.unfolded,
      inode.draft,
      inode.codec,
      inode.multihash,
      inode.cidVersion,
      inode.dagBytes,
      inode.target
    )
}
