import type { BuiltDirectory } from './build-plan.ts'
import type { Context } from './context.ts'
import { rememberShards } from './known-shards.ts'
import type { SealedFile } from './seal-file.ts'
import { discardDraft, emptyTrash } from './trash.ts'

/**
 * Makes sealed files' blocks durable, then lets go of the drafts of those that nobody touched meanwhile: their
 * names go, and what was adopted of them stays as blocks.
 */
export function commitFiles(context: Context, files: readonly SealedFile[]): void {
  if (files.length === 0) return
  try {
    context.blocks.flush({ durable: true })
    context.database.write(() => {
      for (const file of files) if (settleFile(context, file)) file.adoption?.index()
    })
  } finally {
    abandonDrafts(files)
  }
  emptyTrash(context)
}

/** Of files that were not settled: their drafts are drafts as before. */
export function abandonDrafts(files: readonly SealedFile[]): void {
  for (const { adoption } of files) adoption?.abandon()
}

/**
 * Inside a transaction, when its blocks are durable: true if the file is clean now. One that is open
 * for writing, or was opened or changed since it was read, stays dirty and keeps its draft.
 */
export function settleFile(context: Context, { inode, node, attributes }: SealedFile): boolean {
  const { changes } = context.database
    .statement(
      `UPDATE inodes SET dirty = 0, draft = NULL, codec = ?, multihash = ?, cidVersion = ?,
       dagBytes = ?, size = ?, mtimeSeconds = ?, mtimeNanoseconds = ?, ctimeSeconds = ?,
       ctimeNanoseconds = ? WHERE ino = ? AND generation = ? AND writers = 0 AND links > 0
       AND draft IS ?`
    )
    .run(
      node.codec,
      node.multihash,
      node.cidVersion,
      node.dagBytes,
      attributes.size,
      attributes.mtimeSeconds,
      attributes.mtimeNanoseconds,
      attributes.ctimeSeconds,
      attributes.ctimeNanoseconds,
      inode.ino,
      inode.generation,
      inode.draft
    )
  if (changes === 0) return false
  if (inode.draft !== null) discardDraft(context, inode.draft)
  return true
}

/** Inside a transaction: true if the directory is clean now, and all that was dirty below it. */
export function settleDirectory(
  context: Context,
  { plan, node, listBytes }: BuiltDirectory,
  clean: ReadonlySet<number>
): boolean {
  if (!plan.pending.every(({ inode }) => clean.has(inode.ino))) return false
  const { ino, generation } = plan.inode
  const { changes } = context.database
    .statement(
      `UPDATE inodes SET dirty = 0, codec = ?, multihash = ?, cidVersion = ?, dagBytes = ?
       WHERE ino = ? AND generation = ?`
    )
    .run(node.codec, node.multihash, node.cidVersion, node.dagBytes, ino, generation)
  if (changes === 0) return false
  rememberShards(context, ino, node, listBytes)
  return true
}
