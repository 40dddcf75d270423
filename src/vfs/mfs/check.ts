import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../../base/database.ts'
import { fileType } from '../api.ts'
import { rootIno } from './context.ts'

export interface MfsReport {
  readonly inodes: number
  readonly dentries: number
  /** Sentences; empty if all is well. */
  readonly problems: readonly string[]
}

/**
 * Checks what must hold of the mutable tree's rows and drafts at any moment, a crash's included:
 * no dentry without its inode, link counts right, no directory named twice or above itself, what is
 * dirty below dirty directories, every draft there and (`resting`: nothing is running, and it was
 * recovered) no draft or orphan too many. Changes nothing.
 */
export function checkMfs(
  database: Database,
  drafts: string,
  options: { resting?: boolean } = {}
): MfsReport {
  return database.read(() => {
    const problems = [
      ...describe(database, danglingDentries, 'a name leads to no inode'),
      ...describe(database, namelessDirectories, 'a name is in no directory'),
      ...describe(database, wrongLinks, 'the link count is wrong'),
      ...describe(database, wrongDirectoryLinks, 'the count of subdirectories is wrong'),
      ...describe(database, twiceNamed, 'a directory has two names'),
      ...describe(database, cleanAboveDirty, 'a clean directory holds dirty content'),
      ...describe(database, cleanDrafts, 'a clean inode has a draft'),
      ...describe(database, sharedDrafts, 'two inodes have one draft'),
      ...describe(database, strayXattrs, 'an attribute of no inode'),
      ...unreachable(database),
      ...missingDrafts(database, drafts),
      ...(options.resting ? leftovers(database, drafts) : [])
    ]
    return { inodes: count(database, 'inodes'), dentries: count(database, 'dentries'), problems }
  })
}

const directoryType = fileType.directory
const isFolder = (alias: string) => `(${alias}.mode & ${fileType.mask}) = ${directoryType}`
const inRange = (ino: string) =>
  `EXISTS (SELECT 1 FROM mfs_ranges WHERE ${ino} >= base AND ${ino} < base + count)`
/** Names of an inode: its dentries, and one more while its directory's block is not unfolded. */
const nameCount = `(SELECT count(*) FROM dentries WHERE dentries.ino = i.ino) + (
  SELECT count(*) FROM mfs_ranges LEFT JOIN inodes AS d ON d.ino = mfs_ranges.directory
  WHERE i.ino >= base AND i.ino < base + count AND coalesce(d.unfolded, 0) = 0)`

const danglingDentries = `SELECT ino, parent FROM dentries WHERE NOT ${inRange('ino')}
  AND NOT EXISTS (SELECT 1 FROM inodes WHERE inodes.ino = dentries.ino)`
const namelessDirectories = `SELECT DISTINCT parent AS ino FROM dentries AS e WHERE NOT EXISTS (
  SELECT 1 FROM inodes AS p WHERE p.ino = e.parent AND ${isFolder('p')} AND p.unfolded = 1)`
const wrongLinks = `SELECT ino, links, ${nameCount} AS names FROM inodes AS i
  WHERE NOT ${isFolder('i')} AND links <> ${nameCount}`
const wrongDirectoryLinks = `SELECT ino, links FROM inodes AS i WHERE ${isFolder('i')} AND links > 1
  AND links <> 2 + (SELECT count(*) FROM dentries JOIN inodes AS c ON c.ino = dentries.ino
  WHERE dentries.parent = i.ino AND ${isFolder('c')})`
const twiceNamed = `SELECT ino, links FROM inodes AS i WHERE ${isFolder('i')} AND ino <> ${rootIno}
  AND ${nameCount} <> min(links, 1)`
/** Fifos, sockets and devices are in no block, and stay dirty. */
const cleanAboveDirty = `SELECT p.ino AS ino, c.ino AS below FROM inodes AS c
  JOIN dentries AS e ON e.ino = c.ino JOIN inodes AS p ON p.ino = e.parent
  WHERE c.dirty = 1 AND p.dirty = 0 AND (c.mode & ${fileType.mask})
  IN (${fileType.directory}, ${fileType.regular}, ${fileType.symlink})`
const cleanDrafts = 'SELECT ino, draft FROM inodes WHERE draft IS NOT NULL AND dirty = 0'
const sharedDrafts =
  'SELECT min(ino) AS ino, draft FROM inodes WHERE draft IS NOT NULL GROUP BY draft HAVING count(*) > 1'
const strayXattrs = 'SELECT ino, name FROM xattrs WHERE ino NOT IN (SELECT ino FROM inodes)'

function describe(database: Database, sql: string, problem: string): string[] {
  return database
    .statement(sql)
    .all()
    .map(row => `${problem}: ${JSON.stringify(row)}`)
}

/** Directories that the root does not lead to: a cycle, or lost. Those in folded ranges hang on their directory. */
function unreachable(database: Database): string[] {
  const sql = `WITH RECURSIVE reached(ino) AS (
      SELECT ${rootIno}
      UNION SELECT dentries.ino FROM reached JOIN dentries ON dentries.parent = reached.ino
      UNION SELECT inodes.ino FROM reached JOIN mfs_ranges ON directory = reached.ino
        JOIN inodes ON inodes.ino >= base AND inodes.ino < base + count
    )
    SELECT DISTINCT parent AS ino FROM dentries JOIN inodes AS p ON p.ino = parent
    WHERE p.links > 0 AND parent NOT IN reached
      AND NOT EXISTS (SELECT 1 FROM mfs_ranges WHERE parent >= base AND parent < base + count)`
  return describe(database, sql, 'a directory hangs on nothing')
}

function missingDrafts(database: Database, folder: string): string[] {
  const rows = database
    .statement('SELECT ino, draft FROM inodes WHERE draft IS NOT NULL')
    .all() as Array<{ ino: number; draft: number }>
  return rows
    .filter(({ draft }) => !isSmall(database, draft) && !existsSync(join(folder, String(draft))))
    .map(({ ino, draft }) => `the draft ${draft} of inode ${ino} is not there`)
}

function isSmall(database: Database, draft: number): boolean {
  const row = database.statement('SELECT 1 FROM mfs_small_drafts WHERE draft = ?').get(draft)
  return row !== undefined
}

const strayRows = `SELECT draft FROM mfs_small_drafts
  WHERE draft NOT IN (SELECT draft FROM inodes WHERE draft IS NOT NULL)`

function leftovers(database: Database, folder: string): string[] {
  const rows = database
    .statement('SELECT draft FROM inodes WHERE draft IS NOT NULL')
    .all() as Array<{ draft: number }>
  const known = new Set(rows.map(({ draft }) => String(draft)))
  const files = readdirSync(folder).filter(name => !known.has(name))
  return [
    ...files.map(name => `the draft ${name} belongs to no inode`),
    ...describe(database, strayRows, 'a small draft of no inode'),
    ...describe(database, 'SELECT ino FROM inodes WHERE links = 0', 'an orphan was left'),
    ...describe(database, 'SELECT ino FROM inodes WHERE writers > 0', 'a writer was left')
  ]
}

function count(database: Database, table: 'inodes' | 'dentries'): number {
  const row = database.statement(`SELECT count(*) AS rows FROM ${table}`).get()
  return (row as { rows: number }).rows
}
