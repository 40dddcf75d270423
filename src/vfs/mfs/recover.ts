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
  const known = database.write(() => {
    database.statement('UPDATE inodes SET writers = 0 WHERE writers <> 0').run()
    for (const orphan of inodesWhere(context, 'links = 0')) purge(context, orphan)
    const drafted = inodesWhere(context, 'dirty = 1 AND draft IS NOT NULL')
    for (const { ino, draft } of drafted) if (!found.has(draft ?? 0)) forgetDraft(context, ino)
    return new Set(drafted.map(({ draft }) => draft))
  })
  drafts.delete([...found].filter(draft => !known.has(draft)))
  emptyTrash(context)
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
