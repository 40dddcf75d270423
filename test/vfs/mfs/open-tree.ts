import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { BlockReader, BlockWriter } from '../../../src/base/blocks.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { type Database, openDatabase } from '../../../src/base/database.ts'
import { type Name, toName } from '../../../src/base/names.ts'
import type { WriteLock } from '../../../src/base/write-lock.ts'
import type { Roots } from '../../../src/roots/api.ts'
import { openRoots } from '../../../src/roots/open.ts'
import { rootsMigrations } from '../../../src/roots/schema.ts'
import { openBlockStore } from '../../../src/store/open.ts'
import { storeMigrations } from '../../../src/store/schema.ts'
import type { Profile } from '../../../src/unixfs/api.ts'
import { profiles } from '../../../src/unixfs/profiles.ts'
import { openUnixfsReader } from '../../../src/unixfs/reader.ts'
import { openUnixfsWriter } from '../../../src/unixfs/writer.ts'
import type { Mfs, MfsOptions } from '../../../src/vfs/mfs/api.ts'
import { openMfs } from '../../../src/vfs/mfs/open.ts'
import { vfsMigrations } from '../../../src/vfs/schema.ts'

export const caller = { uid: 1000, gid: 1000 }

export interface OpenTree {
  readonly tree: Mfs
  readonly database: Database
  readonly drafts: string
  readonly blocks: BlockReader & BlockWriter
  readonly close: () => void
}

export interface TreeSettings
  extends Partial<
    Pick<
      MfsOptions,
      'shared' | 'recover' | 'metadata' | 'clock' | 'onChange' | 'importFile' | 'sharesDrafts'
    >
  > {
  readonly blocks?: BlockReader & BlockWriter
  readonly profile?: Profile
  readonly writeLock?: WriteLock
  readonly grouped?: boolean
  readonly around?: (roots: Roots) => Roots
}

/** A tree over the home in a folder, made if it is not there; blocks in segments unless given. */
export function openTree(home: string, settings: TreeSettings = {}): OpenTree {
  const drafts = join(home, 'drafts')
  const segments = join(home, 'segments')
  for (const folder of [drafts, segments]) mkdirSync(folder, { recursive: true })
  const migrations = [...storeMigrations, ...rootsMigrations, ...vfsMigrations]
  const database = openDatabase(join(home, 'cairn.db'), {
    migrations,
    ...(settings.writeLock === undefined ? {} : { writeLock: settings.writeLock }),
    grouped: settings.grouped === true
  })
  const store = settings.blocks === undefined ? openBlockStore({ segments, database }) : undefined
  const blocks = settings.blocks ?? store
  if (blocks === undefined) throw new Error('no blocks')
  const clock = settings.clock ?? systemClock
  const roots = openRoots(database, clock)
  const tree = openMfs({
    database,
    drafts,
    blocks,
    unixfs: {
      reader: openUnixfsReader(blocks),
      writer: openUnixfsWriter(blocks, settings.profile ?? profiles['unixfs-v1-2025'])
    },
    roots: settings.around?.(roots) ?? roots,
    clock,
    rootName: 'mfs',
    metadata: settings.metadata ?? false,
    owner: { uid: 7, gid: 8 },
    ...(settings.shared === undefined ? {} : { shared: settings.shared }),
    ...(settings.importFile === undefined ? {} : { importFile: settings.importFile }),
    ...(settings.sharesDrafts === undefined ? {} : { sharesDrafts: settings.sharesDrafts }),
    ...(settings.onChange === undefined ? {} : { onChange: settings.onChange }),
    ...(settings.recover === undefined ? {} : { recover: settings.recover })
  })
  const close = () => {
    tree.close()
    store?.close()
    database.close()
  }
  return { tree, database, drafts, blocks, close }
}

export function names(tree: Mfs, ino: number): string[] {
  const found: string[] = []
  tree.readDirectory(ino, { cookie: 0, withAttributes: false }, ({ name }) => {
    found.push(name)
    return true
  })
  return found.sort()
}

/** The inode a slash-separated path leads to. */
export function at(tree: Mfs, path: string): number {
  let ino = tree.root
  for (const part of path.split('/').filter(Boolean)) ino = tree.lookup(ino, toName(part)).ino
  return ino
}

/** The directory of a path and its last name. */
export function place(tree: Mfs, path: string): [number, Name] {
  const cut = path.lastIndexOf('/')
  return [at(tree, path.slice(0, Math.max(cut, 0))), toName(path.slice(cut + 1))]
}

export function makeFile(tree: Mfs, path: string, text = ''): number {
  const [parent, name] = place(tree, path)
  const { ino } = tree.createFile(parent, name, 0o644, caller)
  if (text !== '') tree.write(ino, Buffer.from(text), 0)
  tree.releaseWriting(ino)
  return ino
}

export function makeFolder(tree: Mfs, path: string): number {
  return tree.makeDirectory(...place(tree, path), 0o755, caller).ino
}

export function writeText(tree: Mfs, ino: number, text: string, position = 0): void {
  tree.openForWriting(ino, false)
  tree.write(ino, Buffer.from(text), position)
  tree.releaseWriting(ino)
}

export function readText(tree: Mfs, ino: number): string {
  const bytes = Buffer.alloc(tree.attributes(ino).size)
  return bytes.subarray(0, tree.read(ino, bytes, 0)).toString()
}

/** Drafts that are rows. */
export function smallDrafts(database: Database): number {
  const row = database.statement('SELECT count(*) AS rows FROM mfs_small_drafts').get()
  return (row as { rows: number }).rows
}
