import type { Ino } from '../vfs/api.ts'

/**
 * Passthrough: of a file whose content is a plain file the kernel does the reads, writes and mappings
 * itself: of drafts (drafts-in-place.ts) and of flat segments (segments-in-place.ts). One for each thread of a mount.
 */
export interface InPlace {
  /**
   * Counts a handle, of an inode that is open for writing if `writes`; returns the number of the backing
   * file to answer with, or 0. Throws `busy` if no more can be open, and `missing` as a write does.
   */
  open: (ino: Ino, writes: boolean) => number
  /** A handle that was counted is closed. */
  closed: (ino: Ino) => void
  /**
   * Runs what may take the plain file away from an inode (`copyRange`); false, without running it, if
   * the kernel has that file.
   */
  unlessBacked: (ino: Ino, work: () => void) => boolean
  /** Lets go of what nobody uses any more: to be called now and then, by one thread. */
  tidy: () => void
  /** Grows when a backing file was found to be written to since the last call. */
  writes: () => number
  /** When the mount is gone. */
  close: () => void
}
