import { closeSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Ino } from '../vfs/api.ts'
import type { FuseEnd, FuseMount, FuseOptions, FuseStatistics } from './api.ts'
import { type Attachment, attach } from './attach.ts'
import { DeferredRequests } from './deferred-requests.ts'
import { detachLazily } from './detach.ts'
import { receive, receiveLater, send } from './device.ts'
import type { Fault } from './dispatch.ts'
import { cutOff, endElsewhere, endMountNow, threadsEnd, unmountWithin } from './end-mount.ts'
import { type FaultFacts, faultLog } from './fault-log.ts'
import type { InPlace } from './in-place.ts'
import type { ThreadMessage } from './messages.ts'
import { clearMountPoint, fuseDeviceAt } from './mount-point.ts'
import { negotiate } from './negotiate.ts'
import { KernelNotifier } from './notify-kernel.ts'
import { preparePassthrough } from './prepare-passthrough.ts'
import { Reply } from './reply.ts'
import { Request } from './request.ts'
import { Control } from './seat.ts'
import { isWritable } from './session.ts'
import { Threads } from './threads.ts'
import { widenReadahead } from './widen-readahead.ts'

/** How long users may hold a mount that is to go. */
const defaultGraceMs = 2000
/** Between looks at what the kernel reads and writes in place. */
const tidyMs = 250

/**
 * Mounts a tree and serves it from threads of its own until `unmount` or somebody else unmounts.
 * Throws `unsupported`, saying what to install or do, where FUSE cannot be had; `busy` if something
 * is mounted there already; and what the thread's entry threw.
 */
export async function mountFuse(options: FuseOptions): Promise<FuseMount> {
  const mountPoint = await clearMountPoint(options.mountPoint)
  const readOnly = options.readOnly || !isWritable(options.tree)
  const unmountIfKilled = options.unmountIfKilled ?? true
  const attachment = await attach({ ...options, mountPoint, readOnly, unmountIfKilled })
  const mount = new Mount(mountPoint, attachment, options)
  try {
    await mount.start()
    return mount
  } catch (cause) {
    await mount.unmount({ graceMs: 0 })
    throw cause
  }
}

class Mount implements FuseMount {
  readonly mountPoint: string
  passthroughProblem: string | undefined
  readonly #attachment: Attachment
  readonly #options: FuseOptions
  readonly #control = new Control()
  readonly #threads: Threads
  readonly #deferred: DeferredRequests
  readonly #notifier: KernelNotifier
  readonly #logFault: (fault: FaultFacts) => void
  readonly #closed = Promise.withResolvers<FuseEnd>()
  readonly #onExit: () => void
  /** While it waits for its first request; settled soon after the kernel ends the mount. */
  #unused: Promise<void> | undefined
  #unmounting: Promise<void> | undefined
  #inPlace: InPlace | undefined
  #tidying: NodeJS.Timeout | undefined

  constructor(mountPoint: string, attachment: Attachment, options: FuseOptions) {
    const { device } = attachment
    this.mountPoint = mountPoint
    this.#attachment = attachment
    this.#options = options
    this.#logFault = faultLog(mountPoint, options.log)
    this.#notifier = new KernelNotifier(device)
    this.#deferred = new DeferredRequests({
      device,
      tree: options.tree,
      satisfy: options.satisfy,
      waitMs: options.missingWaitMs ?? limits.missingWaitMs,
      report: fault => this.#report(fault),
      inPlace: () => this.#inPlace
    })
    this.#threads = new Threads({
      entry: options.threadEntry,
      data: options.threadData,
      device,
      control: this.#control,
      maximum: options.maxThreads ?? availableParallelism(),
      onMessage: message => this.#hear(message),
      onFailure: error => options.log('a FUSE thread failed', { mountPoint, error: error.message })
    })
    this.#onExit = () => endMountNow(mountPoint, this.#control)
    process.on('exit', this.#onExit)
  }

  get closed(): Promise<FuseEnd> {
    return this.#closed.promise
  }

  async start(): Promise<void> {
    this.#answerInit()
    await widenReadahead(this.mountPoint)
    this.#threads.ended.then(() => this.#allThreadsEnded())
    const count = this.#options.minThreads ?? 1
    if (count === 0) this.#unused = this.#serveFirst()
    await Promise.all(Array.from({ length: count }, () => this.#threads.start()))
  }

  /**
   * A mount that nobody has used has no thread: one that waits costs 15 MB. Its first request brings
   * one, and is answered here meanwhile.
   */
  async #serveFirst(): Promise<void> {
    const request = new Request()
    const used = await receiveLater(this.#attachment.device, request)
    this.#unused = undefined
    if (used) {
      this.#threads.start().catch(() => {})
      await this.#deferred.answer(new Uint8Array(request.bytes.subarray(0, request.length)))
    } else if (this.#unmounting === undefined) {
      this.#unmounting = this.#finish('external', true)
    }
  }

  statistics(): FuseStatistics {
    return {
      requests: this.#threads.requests(),
      deferred: this.#deferred.total,
      pending: this.#deferred.pending,
      threads: this.#threads.live,
      writtenInPlace: this.#inPlace?.writes() ?? 0
    }
  }

  invalidateInode(ino: Ino): Promise<void> {
    return this.#notifier.invalidateInode(ino)
  }

  invalidateEntry(parent: Ino, name: string): Promise<void> {
    return this.#notifier.invalidateEntry(parent, name)
  }

  unmount({ graceMs = defaultGraceMs }: { graceMs?: number } = {}): Promise<void> {
    this.#unmounting ??= this.#unmount(graceMs)
    return this.#unmounting
  }

  /** The kernel's first request waits as soon as the mount exists. */
  #answerInit(): void {
    const request = new Request()
    const reply = new Reply()
    const { device } = this.#attachment
    const { passthrough, tree } = this.#options
    if (!receive(device, request)) throw new CairnError('io', 'unmounted before it was served')
    send(device, reply, negotiate(request, reply, passthrough))
    if (passthrough === true) this.#passThrough(preparePassthrough(device, tree))
  }

  #passThrough(found: ReturnType<typeof preparePassthrough>): void {
    if ('problem' in found) this.passthroughProblem = found.problem
    else {
      this.#inPlace = found.inPlace
      this.#control.openFiles = found.memory
      this.#tidying = setInterval(() => this.#tidy(found.inPlace), tidyMs).unref()
    }
  }

  #tidy(inPlace: InPlace): void {
    try {
      inPlace.tidy()
    } catch (cause) {
      const { mountPoint } = this
      const error = toCairnError(cause).message
      this.#options.log('what the kernel no longer reads in place is kept', { mountPoint, error })
    }
  }

  #hear(message: Exclude<ThreadMessage, { kind: 'serving' | 'grow' }>): void {
    if (message.kind === 'deferred') void this.#deferred.take(message.request, message.want)
    else if (message.kind === 'interrupt') this.#deferred.interrupt(message.unique)
    else this.#logFault(message)
  }

  #report({ opcode, ino, error }: Fault): void {
    const { code, message } = error
    const { stack } = error.cause instanceof Error ? error.cause : error
    this.#logFault({ opcode, ino, code, message, stack })
  }

  async #unmount(graceMs: number): Promise<void> {
    const { mountPoint } = this
    this.#deferred.close()
    const served = this.#threads.live > 0 || this.#unused !== undefined
    const device = await fuseDeviceAt(mountPoint)
    const gone = served && (await unmountWithin(mountPoint, graceMs))
    if (!gone) await cutOff(mountPoint, this.#control, this.#threads)
    else if (device !== undefined) await endElsewhere(device, this.#reads())
    await this.#unused
    if (this.#threads.live > 0 && !(await threadsEnd(this.#threads))) {
      this.#options.log('FUSE threads did not end', { mountPoint, threads: this.#threads.live })
    }
    await this.#finish('unmounted', gone)
  }

  /** Resolves once nobody waits for requests. */
  async #reads(): Promise<void> {
    if (this.#threads.live > 0) await this.#threads.ended
    await this.#unused
  }

  /** Nobody asked for it: unmounted from outside, or all threads failed. */
  async #allThreadsEnded(): Promise<void> {
    if (this.#unmounting !== undefined) return
    const end = this.#threads.failed ? 'failed' : 'external'
    this.#unmounting = end === 'failed' ? this.#fail() : this.#finish(end, true)
    await this.#unmounting
  }

  async #fail(): Promise<void> {
    await cutOff(this.mountPoint, this.#control, this.#threads)
    await this.#finish('failed', false)
  }

  /** Closing the device cuts off whoever still waits; only then is it safe to look at the mount. */
  async #finish(end: FuseEnd, gone: boolean): Promise<void> {
    this.#deferred.close()
    await this.#notifier.close()
    clearInterval(this.#tidying)
    this.#inPlace?.close()
    closeSync(this.#attachment.device)
    if (!gone) await detachLazily(this.mountPoint)
    this.#attachment.dismiss()
    process.off('exit', this.#onExit)
    this.#closed.resolve(end)
  }
}
