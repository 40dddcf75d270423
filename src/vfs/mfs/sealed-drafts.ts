import type { Node } from '../../unixfs/api.ts'
import type { Context } from './context.ts'
import type { DraftState } from './draft-files.ts'
import { timeNow } from './inode.ts'

/**
 * A draft written this lately may be written again within the same tick of its file system's clock, and
 * would look unchanged. Ticks are milliseconds; some remote file systems count seconds.
 */
const unsettledSeconds = 2

/**
 * What a draft was sealed as that is open for writing still, if it was not written to since. Only for
 * seals of files that stay open: the one that lets go of a draft reads it.
 */
export function recallSealed(
  context: Context,
  draft: number,
  { size, written }: DraftState
): Node | undefined {
  if (written === undefined) return undefined
  const node = context.database
    .statement(
      `SELECT codec, multihash, cidVersion, size AS fileBytes, dagBytes FROM mfs_sealed_drafts
       WHERE draft = ? AND size = ? AND seconds = ? AND nanoseconds = ?`
    )
    .get(draft, size, written.seconds, written.nanoseconds) as Node | undefined
  if (node === undefined || context.blocks.size(node.multihash) === undefined) return undefined
  return node
}

/** Whether a state, as it is now, tells one content from any that follows. */
export function isSettled(context: Context, { written, blocks }: DraftState): boolean {
  const settled = timeNow(context.clock).seconds - unsettledSeconds
  return blocks !== undefined && written !== undefined && written.seconds < settled
}

/** Inside a transaction, when its blocks are durable: what a draft became, by its settled state before it was read. */
export function rememberSealed(
  context: Context,
  draft: number,
  { size, written }: DraftState,
  { codec, multihash, cidVersion, dagBytes }: Node
): void {
  if (written === undefined) return
  context.database
    .statement('INSERT OR REPLACE INTO mfs_sealed_drafts VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    .run(draft, size, written.seconds, written.nanoseconds, codec, multihash, cidVersion, dagBytes)
}

/** Inside a transaction: drafts that are gone. Numbers are not used again, so a row too many does no harm. */
export function forgetSealed(context: Context, draft: number): void {
  context.database.statement('DELETE FROM mfs_sealed_drafts WHERE draft = ?').run(draft)
}
