import { CairnError, toCairnError, type Want } from '../base/errors.ts'
import type { Tree } from '../vfs/api.ts'
import { send } from './device.ts'
import { dispatch, type Fault } from './dispatch.ts'
import { errno, errnoOf } from './errno.ts'
import type { InPlace } from './in-place.ts'
import { opcode } from './protocol.ts'
import { openSession, type Session } from './session.ts'

/** One request may want many blocks one after the other, a listing above all; more is a defect. */
const attempts = 10_000
/** An interrupt may overtake the request it is about by as many others. */
const rememberedInterrupts = 1024

export interface DeferredOptions {
  readonly device: number
  readonly tree: Tree
  readonly satisfy: (want: Want, signal: AbortSignal) => Promise<void>
  readonly waitMs: number
  readonly report: (fault: Fault) => void
  /** As in a session; asked once. */
  readonly inPlace: () => InPlace | undefined
}

/**
 * Requests that lacked a block: fetches it, runs them again on the main thread, and answers. Each is
 * answered once, whatever happens: by its result, by what the fetch failed with, EINTR if its caller
 * was interrupted, ETIMEDOUT after the deadline.
 */
export class DeferredRequests {
  total = 0
  readonly #options: DeferredOptions
  readonly #pending = new Map<number, AbortController>()
  readonly #interrupted = new Set<number>()
  #session: Session | undefined
  #closed = false

  constructor(options: DeferredOptions) {
    this.#options = options
  }

  get pending(): number {
    return this.#pending.size
  }

  /** Answers a copied request once `want` is here, or cannot be had. Never rejects. */
  async take(message: Uint8Array, want: Want): Promise<void> {
    const session = this.#load(message)
    const { unique } = session.request
    const controller = new AbortController()
    this.total++
    this.#pending.set(unique, controller)
    if (this.#closed) controller.abort(unmounting())
    if (this.#interrupted.delete(unique)) controller.abort(interrupted())
    try {
      await this.#retry(message, want, controller.signal)
    } catch (cause) {
      const { reply, request } = this.#load(message)
      this.#answer(reply.finish(request, -refusal(request.opcode, toCairnError(cause))))
    } finally {
      this.#pending.delete(unique)
    }
  }

  /** Answers a copied request that no thread has tried. Never rejects. */
  async answer(message: Uint8Array): Promise<void> {
    const outcome = this.#run(message)
    if (typeof outcome !== 'number') await this.take(message, outcome)
    else if (outcome > 0) this.#answer(outcome)
  }

  /** The caller of a request was interrupted; it may not have come here yet, or never will. */
  interrupt(unique: number): void {
    const controller = this.#pending.get(unique)
    controller?.abort(interrupted())
    if (controller === undefined) this.#rememberInterrupt(unique)
  }

  #rememberInterrupt(unique: number): void {
    this.#interrupted.add(unique)
    const [oldest] = this.#interrupted
    if (this.#interrupted.size > rememberedInterrupts) this.#interrupted.delete(oldest!)
  }

  /** Answers all that wait, and all that come, by EIO: at EINTR many programs would try again. */
  close(): void {
    this.#closed = true
    for (const controller of this.#pending.values()) controller.abort(unmounting())
  }

  async #retry(message: Uint8Array, first: Want, signal: AbortSignal): Promise<void> {
    let want = first
    for (let attempt = 0; attempt < attempts; attempt++) {
      await this.#fetch(want, signal)
      const outcome = this.#run(message)
      if (typeof outcome === 'number') return this.#answer(outcome)
      if (outcome.id === want.id && outcome.kind === want.kind) break
      want = outcome
    }
    throw stillMissing(want)
  }

  /** Waits no longer than the signal, even for a fetch that does not heed it. */
  async #fetch(want: Want, signal: AbortSignal): Promise<void> {
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.#options.waitMs)])
    const { promise, reject } = Promise.withResolvers<never>()
    const abort = (): void => reject(deadline.reason)
    deadline.throwIfAborted()
    deadline.addEventListener('abort', abort)
    try {
      await Promise.race([this.#options.satisfy(want, deadline), promise])
    } finally {
      deadline.removeEventListener('abort', abort)
    }
  }

  /** The length of the reply, or what is missing now. */
  #run(message: Uint8Array): number | Want {
    const session = this.#load(message)
    try {
      return dispatch(session, this.#options.report)
    } catch (cause) {
      const { want } = toCairnError(cause)
      if (want === undefined) throw cause
      return want
    }
  }

  #load(message: Uint8Array): Session {
    this.#session ??= openSession(this.#options.tree, this.#options.inPlace())
    this.#session.request.load(message)
    return this.#session
  }

  /** Sends what the session's reply holds, which the next request overwrites: never after an `await`. */
  #answer(length: number): void {
    const { reply, request } = this.#session!
    try {
      send(this.#options.device, reply, length)
    } catch (cause) {
      const error = new CairnError('io', 'the kernel refused a reply', { cause })
      this.#options.report({ opcode: request.opcode, ino: request.ino, error })
      send(this.#options.device, reply, reply.finish(request, -errno.EIO))
    }
  }
}

/** A name whose block cannot be had leads nowhere; bytes that cannot be had are an error of reading. */
function refusal(code: number, error: CairnError): number {
  return code === opcode.lookup && error.code === 'missing' ? errno.ENOENT : errnoOf[error.code]
}

/** What is written to all the while has no CID; anything else was not there after all. */
function stillMissing({ kind, id }: Want): CairnError {
  return kind === 'sealed'
    ? new CairnError('busy', `inode ${id} is open for writing: it has a CID when it is closed`)
    : new CairnError('io', `${kind} ${id} was fetched and is still missing`)
}

function interrupted(): CairnError {
  return new CairnError('aborted', 'the caller was interrupted')
}

function unmounting(): CairnError {
  return new CairnError('io', 'the file system is being unmounted')
}
