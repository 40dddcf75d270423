import { accessMigrations } from '../access/schema.ts'
import { systemClock } from '../base/clock.ts'
import { type Database, type DatabaseOptions, openDatabase } from '../base/database.ts'
import { type HomePaths, homePaths } from '../base/home.ts'
import { makeFolder } from '../base/make-folder.ts'
import { Reserve } from '../base/reserve.ts'
import { namesMigrations } from '../names/schema.ts'
import { netMigrations } from '../net/schema.ts'
import { registryMigrations } from '../pull/registry/schema.ts'
import { catalogMigrations } from '../pull/schema.ts'
import type { Roots } from '../roots/api.ts'
import { openRoots } from '../roots/open.ts'
import { rootsMigrations } from '../roots/schema.ts'
import type { BlockStore } from '../store/api.ts'
import { openBlockStore } from '../store/open.ts'
import { storeMigrations } from '../store/schema.ts'
import type { ProfileName, UnixfsReader } from '../unixfs/api.ts'
import { profiles } from '../unixfs/profiles.ts'
import { openUnixfsReader } from '../unixfs/reader.ts'
import { openUnixfsWriter } from '../unixfs/writer.ts'
import type { MfsChange } from '../vfs/mfs/announce.ts'
import type { Mfs, MfsOptions } from '../vfs/mfs/api.ts'
import { openMfs } from '../vfs/mfs/open.ts'
import { vfsMigrations } from '../vfs/schema.ts'
import { webdavMigrations } from '../webdav/schema.ts'

/** What a home holds, opened by one thread: the lower layers, with nobody serving them. */
export interface Content {
  readonly paths: HomePaths
  readonly database: Database
  readonly store: BlockStore
  readonly reader: UnixfsReader
  readonly roots: Roots
  close: () => void
}

/** The root that /mfs advances. */
export const mfsRootName = 'mfs'

export const homeMigrations = [
  ...accessMigrations,
  ...storeMigrations,
  ...rootsMigrations,
  ...namesMigrations,
  ...netMigrations,
  ...vfsMigrations,
  ...catalogMigrations,
  ...registryMigrations,
  ...webdavMigrations
]

/**
 * Opens a home's content, and makes the home (0700) where there is none. Any number of threads and
 * processes may, daemon or not: the database and the segments are what they share.
 */
export function openContent(
  home: string,
  options: Pick<DatabaseOptions, 'writeLock' | 'checkpoints' | 'grouped' | 'blocks'> = {}
): Content {
  const paths = homePaths(home)
  for (const folder of [home, paths.segments, paths.drafts]) {
    makeFolder(folder, 0o700)
  }
  const database = openDatabase(paths.database, { ...options, migrations: homeMigrations })
  const store = openBlockStore({
    segments: paths.segments,
    database,
    reserve: new Reserve(paths.segments)
  })
  return {
    paths,
    database,
    store,
    reader: openUnixfsReader(store),
    roots: openRoots(database, systemClock),
    close: () => {
      store.close()
      database.close()
    }
  }
}

export interface OpenMfsOptions {
  readonly profile: ProfileName
  readonly mfsMetadata: boolean
  /** Whether the kernel may use drafts in place: `sharesDrafts` of `MfsOptions`. */
  readonly mfsPassthrough: boolean
  /** Of `mfsSharedMemory()`, the same for all threads of the process. */
  readonly shared?: SharedArrayBuffer
  /** As in `MfsOptions`. */
  readonly onChange?: (change: MfsChange) => Promise<void>
  /** As in `MfsOptions`. */
  readonly importFile?: MfsOptions['importFile']
  /** True once, in the process that holds the home's lock. */
  readonly recover?: boolean
}

/** The mutable tree over a home's content. */
export function openMfsOf(content: Content, options: OpenMfsOptions): Mfs {
  const {
    profile,
    mfsMetadata,
    mfsPassthrough,
    shared,
    onChange,
    importFile,
    recover = false
  } = options
  return openMfs({
    ...(shared === undefined ? {} : { shared }),
    ...(onChange === undefined ? {} : { onChange }),
    ...(importFile === undefined ? {} : { importFile }),
    recover,
    metadata: mfsMetadata,
    sharesDrafts: mfsPassthrough,
    database: content.database,
    drafts: content.paths.drafts,
    blocks: content.store,
    unixfs: {
      reader: content.reader,
      writer: openUnixfsWriter(content.store, profiles[profile])
    },
    roots: content.roots,
    clock: systemClock,
    rootName: mfsRootName,
    owner: thisUser()
  })
}

/** Who owns content that knows no owner: whoever runs this. */
export function thisUser(): { uid: number; gid: number } {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
}
