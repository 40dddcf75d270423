import type { Context } from './context.ts'
import { forgetSealed } from './sealed-drafts.ts'

/** Beyond it the drafts of removed files are deleted at once: one durable commit for all of them. */
const trashDrafts = 256

/**
 * Inside the transaction that purges or seals the inode of a draft. A row goes with it. A file is
 * deleted only once that transaction is durable: else a power cut could bring the inode back, by a
 * rename undone for one, without its bytes.
 */
export function discardDraft({ database, drafts }: Context, draft: number): void {
  if (drafts.deleteRow(draft)) return
  database.statement('INSERT INTO mfs_trash VALUES (?)').run(draft)
}

export function emptyTrash(context: Context): void {
  const { database, drafts } = context
  const trash = database.statement('SELECT draft FROM mfs_trash').all() as Array<{ draft: number }>
  if (trash.length === 0) return
  database.sync()
  drafts.delete(trash.map(({ draft }) => draft))
  database.write(() => {
    const remove = database.statement('DELETE FROM mfs_trash WHERE draft = ?')
    for (const { draft } of trash) {
      remove.run(draft)
      forgetSealed(context, draft)
    }
  })
}

/** Counts a bounded number of rows only. Within somebody's transaction it is left to the next call. */
export function emptyTrashIfFull(context: Context): void {
  if (context.database.transaction !== 'none') return
  const { count } = context.database
    .statement(`SELECT count(*) AS count FROM (SELECT 1 FROM mfs_trash LIMIT ${trashDrafts})`)
    .get() as { count: number }
  if (count >= trashDrafts) emptyTrash(context)
}
