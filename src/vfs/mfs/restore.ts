import type { CID } from 'multiformats/cid'
import { announce } from './announce.ts'
import type { SealResult } from './api.ts'
import { type Context, rootIno } from './context.ts'
import { type Inode, timeNow } from './inode.ts'
import { findRow, getInode, insertInode } from './inodes.ts'
import { sealedRoot } from './plant-root.ts'
import { readDirectory } from './read-directory.ts'
import { dropLink } from './remove.ts'
import type { Sealer } from './seal.ts'
import { emptyTrash } from './trash.ts'

/** Seals made to get everything into the history before it is replaced. */
const attempts = 3

/**
 * Puts a directory CID in place of everything, without unfolding it. What was there is sealed into
 * the history first; a file open for writing all the while is sealed as it was a moment before, and
 * its holder keeps it as one does an unlinked file.
 */
export async function restore(
  context: Context,
  sealer: Sealer,
  cid: CID,
  { signal }: { signal?: AbortSignal }
): Promise<SealResult> {
  const planted = sealedRoot(context, cid)
  const options = { reason: 'before restore', ...(signal === undefined ? {} : { signal }) }
  for (let attempt = 1; ; attempt++) {
    await sealer.seal(options)
    const done = context.database.write(() => {
      if (findRow(context, rootIno)?.dirty === 1 && attempt < attempts) return false
      announceNames(context)
      replaceAll(context, planted)
      announceNames(context)
      const details = { profile: context.unixfs.writer.profile.name, reason: `restore ${cid}` }
      const standing = context.roots.get(context.rootName)
      context.roots.advance(context.rootName, standing?.cid, cid, details)
      return true
    })
    if (!done) continue
    emptyTrash(context)
    return { cid }
  }
}

/** What the root's names led to, or will lead to; what was below them goes with them. */
function announceNames(context: Context): void {
  if (context.onChange === undefined) return
  announce(context, { ino: rootIno })
  const options = { cookie: 0, withAttributes: false }
  readDirectory(context, rootIno, options, ({ name }) => {
    announce(context, { parent: rootIno, name })
    return true
  })
}

function replaceAll(context: Context, planted: Inode): void {
  const { database, owner } = context
  const root = getInode(context, rootIno)
  const now = timeNow(context.clock)
  database.statement('DELETE FROM dentries').run()
  database.statement('DELETE FROM mfs_ranges').run()
  const others = database
    .statement('SELECT *, 1 AS stored FROM inodes WHERE ino <> ? AND links > 0')
    .all(rootIno) as unknown as Inode[]
  for (const inode of others) dropLink(context, { ...inode, links: 1 })
  database.statement('DELETE FROM inodes WHERE ino = ?').run(rootIno)
  insertInode(context, {
    ...planted,
    ...owner,
    generation: root.generation + 1,
    ctimeSeconds: now.seconds,
    ctimeNanoseconds: now.nanoseconds
  })
}
