import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'
import { type DirectoryEntry, fileType, type Ino } from '../../vfs/api.ts'
import { align8, openReply, sizeOf } from '../protocol.ts'
import { Reply } from '../reply.ts'
import type { Session } from '../session.ts'
import type { Operation } from './operation.ts'

const header = sizeOf.inHeader
const typeShift = 12

/**
 * Where a listing goes on: 0 at `.`, 1 at `..`, then the tree's cookies moved up by two, of which 0
 * is the beginning.
 */
const positions = { self: 0, parent: 1, entries: 2 } as const

/** Frozen listings stay in the kernel; others are read anew by each open. */
export const openDirectory: Operation = {
  bytes: header + 8,
  answer: ({ request, reply, freshness }) => {
    const frozen = freshness.frozen(request.ino)
    return reply.opened(Reply.start, frozen ? openReply.keepCache | openReply.cacheDirectory : 0)
  }
}

export const releaseDirectory: Operation = { bytes: header + 24, answer: () => 0 }

/** struct fuse_read_in: handle, offset, size, … */
export const readDirectory: Operation = {
  bytes: header + 24,
  answer: session => list(session, false)
}

/** As `readDirectory`, each entry preceded by what a lookup would answer. */
export const readDirectoryWithAttributes: Operation = {
  bytes: header + 24,
  answer: session => list(session, true)
}

function list(session: Session, withAttributes: boolean): number {
  const { tree, request } = session
  const page = new DirectoryPage(session, withAttributes)
  const position = request.number(12)
  if (position === positions.self && !page.addDots(request.ino, '.', positions.parent)) return 0
  if (position <= positions.parent) {
    if (!page.addDots(tree.parent(request.ino), '..', positions.entries)) return page.bytes
  }
  const cookie = Math.max(0, position - positions.entries)
  try {
    tree.readDirectory(request.ino, { cookie, withAttributes }, entry => page.add(entry))
  } catch (cause) {
    // What was added counts as looked up, so it must be answered; the next call meets the error.
    if (!page.holdsEntries) throw cause
  }
  return page.bytes
}

/** Entries written one after the other into the reply: struct fuse_dirent or fuse_direntplus. */
class DirectoryPage {
  bytes = 0
  holdsEntries = false
  readonly #session: Session
  readonly #withAttributes: boolean
  readonly #capacity: number
  readonly #prefix: number

  constructor(session: Session, withAttributes: boolean) {
    this.#session = session
    this.#withAttributes = withAttributes
    this.#capacity = Math.min(session.request.word(14), limits.fuseRequestBytes)
    this.#prefix = withAttributes ? sizeOf.entryOut : 0
  }

  /** Adds `.` or `..`, which the kernel never takes as looked up; false if it does not fit. */
  addDots(ino: Ino, name: string, next: number): boolean {
    const start = this.#reserve(name.length)
    if (start < 0) return false
    if (this.#withAttributes) this.#session.reply.noEntry(start, 0)
    this.#dirent(start, ino, name, fileType.directory, next)
    return true
  }

  /** Adds an entry; false if it does not fit. */
  add(entry: DirectoryEntry): boolean {
    const start = this.#reserve(entry.name.length)
    if (start < 0) return false
    if (this.#withAttributes) this.#attributes(start, entry)
    this.#dirent(start, entry.ino, entry.name, entry.mode, entry.cookie + positions.entries)
    this.holdsEntries = true
    return true
  }

  /** An entry whose attributes are not at hand has none here: the kernel looks it up when asked. */
  #attributes(start: number, { ino, attributes }: DirectoryEntry): void {
    const { reply, freshness, request } = this.#session
    if (attributes === undefined) reply.noEntry(start, 0)
    else reply.entry(start, ino, attributes, freshness.entry(request.ino, ino))
  }

  /** The word at which the next entry begins, or -1. */
  #reserve(nameLength: number): number {
    const size = this.#prefix + align8(sizeOf.dirent + nameLength)
    if (this.bytes + size > this.#capacity) return -1
    const start = Reply.start + (this.bytes >> 2)
    this.bytes += size
    return start
  }

  #dirent(start: number, ino: Ino, name: Name | string, mode: number, next: number): void {
    const { reply } = this.#session
    const index = start + (this.#prefix >> 2)
    const { words } = reply
    const end = Reply.start + (this.bytes >> 2)
    reply.number(index, ino)
    reply.number(index + 2, next)
    words[index + 4] = name.length
    words[index + 5] = (mode & fileType.mask) >> typeShift
    // The kernel copies the padding too: it must not be what an earlier reply left there.
    words[end - 1] = 0
    words[end - 2] = 0
    reply.bytes.latin1Write(name, (index + 6) << 2, name.length)
  }
}
