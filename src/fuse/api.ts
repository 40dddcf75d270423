import type { Want } from '../base/errors.ts'
import type { Ino, Tree } from '../vfs/api.ts'

/**
 * The FUSE door. `mountFuse` (mount.ts, main thread) mounts one tree and starts its threads;
 * `serveFuse` (serve.ts, called by the entry module of such a thread) answers the kernel until the
 * mount ends. The kernel's protocol: https://docs.kernel.org/filesystems/fuse/ and
 * linux/include/uapi/linux/fuse.h.
 *
 * Threads block in `read` on the device, take one request at a time and answer it from their own
 * instance of the tree. A request that throws `missing` is handed to the main thread, which fetches
 * what was missing, runs the request over its instance and answers; the thread goes on meanwhile.
 *
 * Never touch a mount with synchronous calls from the main thread of the process that serves it, nor
 * spawn a child with its `cwd` there (spawning waits for the child's chdir): a deferred request, and
 * the first one of a mount without threads, need that thread.
 */
export interface FuseOptions {
  /** An existing, empty directory; a stale mount that a killed process left there is cleared first. */
  readonly mountPoint: string
  /** Shown as the source in /proc/mounts. The file system type is `fuse.cairn`. */
  readonly name: string
  /** Users other than the one that mounts may enter; unprivileged it needs `user_allow_other` in /etc/fuse.conf. */
  readonly allowOther: boolean
  readonly readOnly: boolean
  /**
   * The kernel shall read and write in place what is a plain file (in-place.ts), where it can; default
   * false.
   */
  readonly passthrough?: boolean
  /**
   * Whether the mount goes when this process is killed (default true). False for what programs write
   * to: they must meet ENOTCONN, and not go on in the bare folder below; the next start clears it.
   */
  readonly unmountIfKilled?: boolean
  /** A module that opens a tree from `threadData` and calls `serveFuse(workerData.fuse, tree)`. */
  readonly threadEntry: URL
  /** Handed to the entry as `workerData.data`; structured clone. */
  readonly threadData: unknown
  /**
   * Threads at the start (default 1), and at most (default one a core) while several callers keep them
   * busy; then all but one end again. With 0 the first thread comes with the first request; until then
   * a thread of libuv's pool waits for it.
   */
  readonly minThreads?: number
  readonly maxThreads?: number
  /** The main thread's own instance, for deferred requests; stays the caller's to close. */
  readonly tree: Tree
  /** Fetches what was missing; rejects if it cannot be had. Aborted by a deadline, an interrupted caller or unmount. */
  readonly satisfy: (want: Want, signal: AbortSignal) => Promise<void>
  /** Default `limits.missingWaitMs`: after it a deferred request is answered ETIMEDOUT. */
  readonly missingWaitMs?: number
  /** Told what an operator should know: a static message, facts as fields. */
  readonly log: (message: string, facts: Readonly<Record<string, unknown>>) => void
}

/** `workerData` of a FUSE thread. */
export interface FuseThreadData<T = unknown> {
  readonly fuse: FuseSeat
  readonly data: T
}

/** What a thread needs to serve a mount; structured clone. */
export interface FuseSeat {
  readonly device: number
  /** Shared by all threads of the mount: see seat.ts. */
  readonly control: SharedArrayBuffer
  /** This thread's own counters: requests by opcode. */
  readonly counters: SharedArrayBuffer
  /** As in open-files.ts; undefined: by requests only. */
  readonly openFiles: SharedArrayBuffer | undefined
}

export interface FuseStatistics {
  /** Requests taken, by the lower case name of the operation. */
  readonly requests: Readonly<Record<string, number>>
  /** Requests that the main thread took over, and those it answers at this moment. */
  readonly deferred: number
  readonly pending: number
  readonly threads: number
  /** Grows when the kernel was seen to have written in place, which makes no request. */
  readonly writtenInPlace: number
}

export interface FuseMount {
  readonly mountPoint: string
  /** Why there is no passthrough although it was asked for, and what to do. */
  readonly passthroughProblem: string | undefined
  statistics: () => FuseStatistics
  /**
   * The kernel forgets the attributes and pages of an inode it may hold. Resolves when it has, which
   * requests under way in the directory may hold up; or when too much is to be told. Never rejects.
   */
  invalidateInode: (ino: Ino) => Promise<void>
  /** The kernel forgets what a name in a directory led to, and the directory's listing. `name` as in base/names.ts. Resolves likewise. */
  invalidateEntry: (parent: Ino, name: string) => Promise<void>
  /**
   * Unmounts; while users hold it, for at most `graceMs` (default 2000), then they get ENOTCONN.
   * Resolves when all threads have ended. Safe to call twice.
   */
  unmount: (options?: { graceMs?: number }) => Promise<void>
  /** Resolves once nothing is served any more. */
  readonly closed: Promise<FuseEnd>
}

/** `unmounted`: asked for; `external`: somebody else unmounted; `failed`: no thread is left to serve. */
export type FuseEnd = 'unmounted' | 'external' | 'failed'
