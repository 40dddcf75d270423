import { toCairnError } from '../../base/errors.ts'
import type { Context } from './context.ts'
import type { Inode } from './inode.ts'
import { purge } from './remove.ts'
import { emptyTrash } from './trash.ts'

/**
 * After a stop of any kind, before anyone uses the tree: nobody has anything open, so counts of
 * writers are zero and orphans go. Drafts without an inode (made in a transaction that did not
 * happen) are deleted. An inode without its draft was never synchronised before a power cut: it
 * shows what was sealed last.
 */
export function recover(context: Context): void {
  const { database, drafts } = context
  emptyTrash(context)
  const found = new Set(drafts.settle())
  unlessFull(context, () => {
    database.statement('UPDATE inodes SET writers = 0 WHERE writers <> 0').run()
    for (const orphan of inodesWhere(context, 'links = 0')) purge(context, orphan)
    for (const { ino, draft } of drafted(context)) {
      if (!found.has(draft ?? 0)) forgetDraft(context, ino)
    }
  })
  const known = new Set(drafted(context).map(({ draft }) => draft))
  drafts.delete([...found].filter(draft => !known.has(draft)))
  emptyTrash(context)
}

/**
 * On a full disk the start goes on, so that something can be removed: orphans are swept later, and
 * what is counted as open for writing is let go of at the next start.
 */
function unlessFull(context: Context, tidy: () => void): void {
  try {
    context.database.write(tidy)
  } catch (cause) {
    if (toCairnError(cause).code !== 'no-space') throw cause
    context.lookups.countOrphans(inodesWhere(context, 'links = 0').length)
  }
}

function drafted(context: Context): Inode[] {
  return inodesWhere(context, 'dirty = 1 AND draft IS NOT NULL')
}

function inodesWhere(context: Context, condition: string): Inode[] {
  return context.database
    .statement(`SELECT *, 1 AS stored FROM inodes WHERE ${condition}`)
    .all() as unknown as Inode[]
}

function forgetDraft(context: Context, ino: number): void {
  context.database
    .statement(
      `UPDATE inodes SET draft = NULL, generation = generation + 1,
       size = CASE WHEN multihash IS NULL THEN 0 ELSE size END WHERE ino = ?`
    )
    .run(ino)
}
