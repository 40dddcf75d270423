import type { Name } from '../../base/names.ts'
import type { Ino } from '../api.ts'
import { type Context, rootIno } from './context.ts'

/** What somebody who remembers the tree must forget: what a name led to, or what an inode showed. */
export type MfsChange = { readonly parent: Ino; readonly name: Name } | { readonly ino: Ino }

/**
 * Tells of a change, once it is certain, if anybody wants to know and the kernel was told of the inode:
 * an instance that the kernel itself calls needs not tell it.
 */
export function announce(context: Context, change: MfsChange): void {
  const { database, lookups, onChange, telling } = context
  if (onChange === undefined) return
  const known = 'ino' in change ? change.ino : change.parent
  if (!lookups.held(known) && known !== rootIno) return
  database.afterTransaction(done => done && telling.add(onChange(change)))
}
