import { CairnError, toCairnError } from '../../base/errors.ts'
import type { AttributeChanges, Attributes, Timestamp } from '../api.ts'
import { fileType } from '../api.ts'
import { announce } from './announce.ts'
import type { Context } from './context.ts'
import { markDirty } from './dirty.ts'
import { attributesOf, type Inode, isRegular, type Time, timeNow } from './inode.ts'
import { getInode, storeInode } from './inodes.ts'
import { spendOnRow } from './make.ts'
import { notRegular } from './read.ts'
import { ensureDraft } from './write.ts'

/** chmod, chown, truncate and utimensat of one inode, in one transaction. */
export function change(context: Context, ino: number, changes: AttributeChanges): Attributes {
  for (;;) {
    if (changes.size !== undefined) prepareResize(context, ino, changes.size)
    const attributes = context.database.write(() => apply(context, ino, changes))
    if (attributes !== undefined) return attributes
  }
}

function prepareResize(context: Context, ino: number, size: number): void {
  const inode = getInode(context, ino)
  if (!isRegular(inode)) throw notRegular(inode)
  if (!Number.isSafeInteger(size)) {
    throw new CairnError('file-too-large', `a size of ${size}: no file is that large`)
  }
  if (size < 0) throw new CairnError('invalid', 'a size below zero')
  ensureDraft(context, ino, size)
}

/** Undefined if the draft that was prepared has been sealed away since. */
function apply(context: Context, ino: number, changes: AttributeChanges): Attributes | undefined {
  const before = getInode(context, ino)
  if (changes.size !== undefined && before.draft === null) return undefined
  const now = timeNow(context.clock)
  if (before.stored === 0) spendOnRow(context)
  markDirtyIfSealed(context, before, changes)
  if (changes.size !== undefined && before.draft !== null) {
    resize(context, before.draft, changes.size)
  }
  const mtime = modificationTime(context, before, changes, now)
  if (before.draft !== null && mtime.fixed) context.drafts.markUnwritten(before.draft)
  const atime = timeOf(changes.atime, now) ?? {
    seconds: before.atimeSeconds,
    nanoseconds: before.atimeNanoseconds
  }
  announce(context, { ino })
  const after = store(context, before, changes, { atime, mtime: mtime.time, ctime: now })
  const draft = after.draft === null ? undefined : context.drafts.state(after.draft)
  return attributesOf(after, draft)
}

/** Owner and atime do not travel: what is sealed stays so when they change. */
function markDirtyIfSealed(context: Context, inode: Inode, changes: AttributeChanges): void {
  const travels = changes.mode !== undefined || changes.mtime !== undefined
  if (changes.size !== undefined || (travels && context.metadata)) markDirty(context, inode)
  else storeInode(context, inode)
}

function resize(context: Context, draft: number, size: number): void {
  try {
    context.drafts.truncate(draft, size)
  } catch (cause) {
    throw toCairnError(cause, `cannot make the file ${size} bytes long`)
  }
}

/** `fixed`: the row's time counts from now on, whatever the draft's file says. */
function modificationTime(
  context: Context,
  inode: Inode,
  changes: AttributeChanges,
  now: Time
): { time: Time; fixed: boolean } {
  const given = timeOf(changes.mtime, now)
  if (given !== undefined) return { time: given, fixed: true }
  if (changes.size !== undefined) return { time: now, fixed: true }
  const written = inode.draft === null ? undefined : context.drafts.state(inode.draft).written
  const time = written ?? { seconds: inode.mtimeSeconds, nanoseconds: inode.mtimeNanoseconds }
  return { time, fixed: false }
}

/** A time beyond what rows and blocks can hold becomes the last that they can, as on Linux's disks. */
function timeOf(wanted: Timestamp | undefined, now: Time): Time | undefined {
  if (wanted === undefined || wanted === 'now') return wanted && now
  const { seconds, nanoseconds } = wanted
  if (Number.isSafeInteger(seconds)) return wanted
  return { seconds: Math.sign(seconds) * Number.MAX_SAFE_INTEGER, nanoseconds }
}

function store(
  context: Context,
  before: Inode,
  changes: AttributeChanges,
  times: { atime: Time; mtime: Time; ctime: Time }
): Inode {
  const type = before.mode & fileType.mask
  const mode = changes.mode === undefined ? before.mode : type | (changes.mode & 0o7777)
  return context.database
    .statement(
      `UPDATE inodes SET mode = ?, uid = ?, gid = ?, atimeSeconds = ?, atimeNanoseconds = ?,
       mtimeSeconds = ?, mtimeNanoseconds = ?, ctimeSeconds = ?, ctimeNanoseconds = ?,
       generation = generation + 1 WHERE ino = ? RETURNING *, 1 AS stored`
    )
    .get(
      mode,
      changes.uid ?? before.uid,
      changes.gid ?? before.gid,
      times.atime.seconds,
      times.atime.nanoseconds,
      times.mtime.seconds,
      times.mtime.nanoseconds,
      times.ctime.seconds,
      times.ctime.nanoseconds,
      before.ino
    ) as unknown as Inode
}
