import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { announce } from './announce.ts'
import type { Context } from './context.ts'
import { markDirty, touchTimes } from './dirty.ts'
import type { Inode } from './inode.ts'
import { isRegular } from './inode.ts'
import { getInode, storeInode } from './inodes.ts'
import { notRegular } from './read.ts'
import { purgeOrphan } from './remove.ts'
import { emptyTrash } from './trash.ts'

/**
 * While `writers` is above 0 a draft is never taken away from its inode, in no thread: a write
 * through a cached file cannot be lost. Opening and closing are transactions on that count, and both
 * move the generation: a seal that read the file in between does not take the draft for read.
 */
export function openForWriting(context: Context, ino: number, truncate: boolean): void {
  context.numbers.prepare()
  context.database.write(() => {
    const inode = getInode(context, ino)
    if (!isRegular(inode)) throw notRegular(inode)
    storeInode(context, inode)
    context.database
      .statement(
        'UPDATE inodes SET writers = writers + 1, generation = generation + 1 WHERE ino = ?'
      )
      .run(ino)
    if (!truncate) return
    if (inode.draft === null) attachDraft(context, inode, context.numbers.take())
    else context.drafts.truncate(inode.draft, 0)
    touchTimes(context, ino, true)
  })
}

/** An error leaves the count too high: the file is sealed but its draft stays until the next start. */
export function releaseWriting(context: Context, ino: number): void {
  try {
    const row = context.database.write(() =>
      context.database
        .statement(
          `UPDATE inodes SET writers = writers - 1, generation = generation + 1
           WHERE ino = ? AND writers > 0 RETURNING links`
        )
        .get(ino)
    ) as { links: number } | undefined
    if (row?.links === 0) purgeOrphan(context, ino)
  } catch {
    return
  }
}

export function write(context: Context, ino: number, source: Uint8Array, position: number): number {
  if (!Number.isSafeInteger(position + source.byteLength)) {
    throw new CairnError('file-too-large', `a write at ${position}: no file is that large`)
  }
  const draft = draftForWriting(context, ino)
  try {
    context.drafts.write(draft, source, position)
  } catch (cause) {
    const error = toCairnError(cause, `cannot write to inode ${ino}`)
    if (error.code !== 'no-space') throw error
    emptyTrash(context)
    retryWrite(context, draft, source, position)
  }
  announce(context, { ino })
  return source.byteLength
}

/** Removed files may have held the space that was wanting. */
function retryWrite(context: Context, draft: number, source: Uint8Array, position: number): void {
  try {
    context.drafts.write(draft, source, position)
  } catch (cause) {
    throw toCairnError(cause, 'the disk of the drafts is full')
  }
}

/** The draft of a file that is open for writing, made of its content if there is none. Throws `invalid`. */
export function draftForWriting(context: Context, ino: number): number {
  const row = context.database
    .statement('SELECT draft, writers FROM inodes WHERE ino = ?')
    .get(ino) as { draft: number | null; writers: number } | undefined
  if (row === undefined || row.writers === 0) {
    throw new CairnError('invalid', `inode ${ino} is not open for writing`)
  }
  return row.draft ?? ensureDraft(context, ino, Number.POSITIVE_INFINITY)
}

/**
 * Gives a file a draft with at most `keepBytes` of its content. Copying takes no transaction; if
 * somebody else gave it a draft, or content, meanwhile, that one counts. Throws `missing`.
 */
export function ensureDraft(context: Context, ino: number, keepBytes: number): number {
  for (;;) {
    const inode = getInode(context, ino)
    if (!isRegular(inode)) throw notRegular(inode)
    if (inode.draft !== null) return inode.draft
    context.numbers.prepare()
    const draft = context.numbers.take()
    try {
      context.drafts.create(draft)
      copyContent(context, inode, draft, keepBytes)
      if (context.database.write(() => adopt(context, inode, draft))) return draft
    } catch (cause) {
      context.drafts.delete([draft])
      throw toCairnError(cause, `cannot make a draft of inode ${ino}`)
    }
    context.drafts.delete([draft])
  }
}

function copyContent(context: Context, inode: Inode, draft: number, keepBytes: number): void {
  const { codec, multihash } = inode
  const end = Math.min(inode.size, keepBytes)
  if (codec !== null && multihash !== null) {
    const piece = new Uint8Array(Math.min(limits.fuseRequestBytes, end))
    for (let position = 0; position < end; ) {
      const wanted = piece.subarray(0, Math.min(piece.byteLength, end - position))
      const count = context.unixfs.reader.readFile(codec, multihash, wanted, position)
      if (count === 0) break
      const part = wanted.subarray(0, count)
      if (!isZero(part)) context.drafts.write(draft, part, position)
      position += count
      // Others wait for what is left uncommitted, and would for as long as this takes.
      if (context.database.due) context.database.settle()
    }
    if (context.drafts.state(draft).size < end) context.drafts.truncate(draft, end)
  }
  context.drafts.markUnwritten(draft)
  // What was sealed is on the disk; from now the copy stands for it, so it must be there too.
  if (end > 0) context.drafts.synchronize(draft)
}

/** Zeros become a hole of the draft, as they may have been before they were sealed. */
function isZero(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && Buffer.compare(bytes, new Uint8Array(bytes.byteLength)) === 0
}

/** Inside a transaction: true if the inode took the draft, false if it is no longer what was copied. */
function adopt(context: Context, copied: Inode, draft: number): boolean {
  const inode = getInode(context, copied.ino)
  const same =
    inode.draft === null &&
    Buffer.compare(inode.multihash ?? Buffer.alloc(0), copied.multihash ?? Buffer.alloc(0)) === 0
  if (same) setDraft(context, inode, draft)
  return same
}

/** Inside a transaction: a new, empty draft. Should that fail, its file goes at the next start. */
function attachDraft(context: Context, inode: Inode, draft: number): void {
  context.drafts.create(draft)
  setDraft(context, inode, draft)
}

function setDraft(context: Context, inode: Inode, draft: number): void {
  markDirty(context, inode)
  context.database.statement('UPDATE inodes SET draft = ? WHERE ino = ?').run(draft, inode.ino)
}
