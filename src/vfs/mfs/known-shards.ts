import { type Name, nameFromBytes } from '../../base/names.ts'
import type { Node } from '../../unixfs/api.ts'
import type { ShardedBefore } from '../../unixfs/change-directory.ts'
import type { Context } from './context.ts'
import type { Inode } from './inode.ts'

/**
 * Large directories whose blocks the next seal can start from. A row says what one was sealed as; from then on
 * triggers write down its names that came, went or turned dirty (schema.ts), whoever wrote them. A row
 * counts as long as that is still the directory's content, by the same profile.
 */
export function knownShards(context: Context, directory: Inode): ShardedBefore | undefined {
  if (directory.multihash === null) return undefined
  const row = context.database
    .statement(
      'SELECT listBytes FROM mfs_sharded WHERE directory = ? AND multihash = ? AND profile = ?'
    )
    .get(directory.ino, directory.multihash, context.unixfs.writer.profile.name)
  if (row === undefined) return undefined
  return { multihash: directory.multihash, listBytes: row.listBytes as number }
}

/** Names of an unfolded directory that may lead to something else than they did; undefined if there are more than `most`. */
export function changedNames(
  context: Context,
  directory: number,
  most: number
): Name[] | undefined {
  const rows = context.database
    .statement('SELECT name FROM mfs_changed_names WHERE directory = ? LIMIT ?')
    .all(directory, most + 1) as Array<{ name: Uint8Array }>
  return rows.length > most ? undefined : rows.map(({ name }) => nameFromBytes(name))
}

/** Inside the transaction that settles a directory. `listBytes`: undefined if it is not sharded. */
export function rememberShards(
  context: Context,
  directory: number,
  { multihash }: Node,
  listBytes: number | undefined
): void {
  const { database, unixfs } = context
  forgetShards(context, directory)
  if (listBytes === undefined) return
  database
    .statement('INSERT INTO mfs_sharded VALUES (?, ?, ?, ?)')
    .run(directory, multihash, unixfs.writer.profile.name, listBytes)
}

/** The next seal builds it of all its names. */
export function forgetShards({ database }: Context, directory: number): void {
  database.statement('DELETE FROM mfs_sharded WHERE directory = ?').run(directory)
}
