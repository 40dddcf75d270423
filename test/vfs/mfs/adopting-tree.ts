import { join } from 'node:path'
import { adoptPath } from '../../../src/ingest/adopt-path.ts'
import { openIngest } from '../../../src/ingest/open.ts'
import { openBlockStore } from '../../../src/store/open.ts'
import type { ImportedFile } from '../../../src/vfs/mfs/api.ts'
import { type OpenTree, openTree, type TreeSettings } from './open-tree.ts'

export interface AdoptingTree extends Omit<OpenTree, 'close'> {
  readonly close: () => Promise<void>
}

/**
 * A tree whose large closed drafts become segments as they are, as the daemon's do; `asked` sees each of them.
 * Without `threads` this one hashes.
 */
export function openAdoptingTree(
  home: string,
  settings: TreeSettings & {
    readonly asked?: (ask: () => Promise<ImportedFile>, path: string) => Promise<ImportedFile>
    readonly threads?: number
  } = {}
): AdoptingTree {
  const { asked = ask => ask(), threads, ...others } = settings
  const opened = openTree(home, {
    ...others,
    importFile: (path, { adopt, signal }) => {
      const leastBytes = adopt ? 0 : Number.POSITIVE_INFINITY
      const how = { profile: 'unixfs-v1-2025', signal, leastBytes } as const
      return asked(() => adoptPath({ ingest, store }, path, how), path)
    }
  })
  const segments = join(home, 'segments')
  const store = openBlockStore({ segments, database: opened.database })
  const ingest = openIngest({
    blocks: store,
    ...(threads === undefined
      ? {}
      : { threads, store: { database: opened.database.path, segments } })
  })
  return {
    ...opened,
    async close() {
      await ingest.close()
      store.close()
      opened.close()
    }
  }
}
