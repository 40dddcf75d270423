import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Place } from '../api.ts'
import type { Context } from './context.ts'
import { markDirty, touchTimes } from './dirty.ts'
import { type Inode, isRegular } from './inode.ts'
import { getInode } from './inodes.ts'
import { currentAttributes, notRegular, read } from './read.ts'
import { discardDraft } from './trash.ts'
import { write } from './write.ts'

/** What one call copies at most byte by byte: some milliseconds in which nobody else is answered. */
const copiedBytes = 16 * 1024 * 1024

/**
 * copy_file_range(2) into a file that is open for writing. A sealed file that takes the place of all
 * the target holds is shared; other ranges are copied, a piece a call.
 */
export function copyRange(context: Context, from: Place, to: Place, length: number): number {
  checkRanges(from, to, length)
  const source = getInode(context, from.ino)
  if (!isRegular(source)) throw notRegular(source)
  if (isWhole(source, from, to, length) && share(context, source, to.ino)) return source.size
  return copyBytes(context, from, to, length)
}

function checkRanges(from: Place, to: Place, length: number): void {
  const apart = Math.abs(from.position - to.position)
  if (from.ino === to.ino && apart < length) {
    throw new CairnError('invalid', `the ranges to copy within inode ${from.ino} overlap`)
  }
}

function isWhole(source: Inode, from: Place, to: Place, length: number): boolean {
  const sealed = source.draft === null && source.multihash !== null
  const whole = from.position === 0 && to.position === 0 && length >= source.size
  return sealed && whole && source.size > 0 && source.ino !== to.ino
}

/**
 * Gives the target the source's content in place of its draft; false if that would cut it short, or
 * the source changed. Only this call takes a draft from a file that is open for writing: it is the
 * door's to see that no write to the target is under way, as Linux does by the lock of its inode.
 */
function share(context: Context, known: Inode, ino: number): boolean {
  return context.database.write(() => {
    const source = getInode(context, known.ino)
    const target = getInode(context, ino)
    if (!isRegular(target)) throw notRegular(target)
    if (target.writers === 0) {
      throw new CairnError('invalid', `inode ${ino} is not open for writing`)
    }
    const same = source.draft === null && source.multihash !== null && source.size === known.size
    if (!same || currentAttributes(context, ino).size > source.size) return false
    if (target.draft !== null) {
      discardDraft(context, target.draft)
    }
    markDirty(context, target)
    context.database
      .statement(
        `UPDATE inodes SET draft = NULL, codec = ?, multihash = ?, cidVersion = ?, dagBytes = ?,
         size = ? WHERE ino = ?`
      )
      .run(source.codec, source.multihash, source.cidVersion, source.dagBytes, source.size, ino)
    touchTimes(context, ino, true)
    return true
  })
}

function copyBytes(context: Context, from: Place, to: Place, length: number): number {
  const wanted = Math.min(length, copiedBytes)
  const piece = new Uint8Array(Math.min(limits.fuseRequestBytes, wanted))
  let done = 0
  while (done < wanted) {
    const part = piece.subarray(0, Math.min(piece.byteLength, wanted - done))
    const count = read(context, from.ino, part, from.position + done)
    if (count === 0) break
    write(context, to.ino, part.subarray(0, count), to.position + done)
    done += count
  }
  return done
}
