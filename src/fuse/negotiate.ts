import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { initFlag, initFlag2, opcode, protocol, sizeOf } from './protocol.ts'
import { Reply } from './reply.ts'
import type { Request } from './request.ts'

const pageBytes = 4096
/** Requests that the kernel sends ahead of need (read-ahead, releases) at once; and the number at which it slows down. */
const backgroundRequests = 64
const congestedRequests = 48
/** Backing files lie on file systems that lie on no other. */
const stackDepth = 1
const flags2End = sizeOf.inHeader + sizeOf.initIn + 4

/**
 * What we ask for, of what the kernel offers:
 * - many reads of one file at once, and lookups and creations in one directory at once
 * - O_TRUNC within OPEN, and requests of 1 MiB
 * - READDIRPLUS, and the kernel's guess of when it pays
 * - page caches dropped when an inode's mtime or size turns out different
 * - symlink targets kept, set-id bits cleared by us (so that a write costs no GETXATTR)
 * Not the writeback cache: other doors write the same files.
 */
const wanted =
  initFlag.asyncRead |
  initFlag.atomicTruncate |
  initFlag.bigWrites |
  initFlag.autoInvalidateData |
  initFlag.readdirplus |
  initFlag.readdirplusAuto |
  initFlag.parallelDirectoryOperations |
  initFlag.maxPages |
  initFlag.cacheSymlinks |
  initFlag.handleKillprivV2

/**
 * Writes the answer to INIT (struct fuse_init_in: major, minor, max_readahead, flags) and returns
 * its length. With `inPlace`, passthrough is asked for where the kernel offers it. Throws `unsupported`
 * if the kernel is older than Linux 5.4.
 */
export function negotiate(request: Request, reply: Reply, inPlace = false): number {
  if (request.opcode !== opcode.init || request.length < sizeOf.inHeader + sizeOf.initIn) {
    throw new CairnError('unsupported', 'the kernel did not begin with FUSE_INIT')
  }
  const [major, minor] = [request.word(10), request.word(11)]
  if (major !== protocol.major || minor < protocol.minimumMinor) {
    throw new CairnError(
      'unsupported',
      `this kernel speaks FUSE ${major}.${minor}; Cairn needs ${protocol.major}.${protocol.minimumMinor} or later (Linux 5.4)`
    )
  }
  const { words } = reply
  words.fill(0, Reply.start, Reply.start + (sizeOf.initOut >> 2))
  words[4] = protocol.major
  words[5] = Math.min(minor, protocol.minor)
  words[6] = request.word(12)
  words[7] = request.word(13) & wanted
  words[8] = backgroundRequests | (congestedRequests << 16)
  words[9] = limits.fuseRequestBytes
  words[10] = 1
  words[11] = limits.fuseRequestBytes / pageBytes
  if (inPlace && offersPassthrough(request)) {
    words[7] |= initFlag.extended
    words[12] = initFlag2.passthrough
    words[13] = stackDepth
  }
  return reply.finish(request, sizeOf.initOut)
}

/** `flags2` of fuse_init_in is there if `flags` says so. */
function offersPassthrough(request: Request): boolean {
  const extended = (request.word(13) & initFlag.extended) !== 0 && request.length >= flags2End
  return extended && (request.word(14) & initFlag2.passthrough) !== 0
}
