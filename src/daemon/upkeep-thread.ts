import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { yieldToOthers } from '../base/thread.ts'
import { WriteLock } from '../base/write-lock.ts'
import { adoptPath } from '../ingest/adopt-path.ts'
import type { Ingest } from '../ingest/api.ts'
import { openIngest } from '../ingest/open.ts'
import type { Mfs, MfsOptions } from '../vfs/mfs/api.ts'
import { type Content, openContent, openMfsOf } from './content.ts'
import type { UpkeepAnswer, UpkeepOrder, UpkeepThreadData, UpkeepWork } from './upkeep.ts'

/**
 * The entry of the thread that does what takes long and nobody waits for: seals /mfs and folds the
 * write-ahead log back. One order at a time; `abort` is for all that were
 * given so far, and reaches a seal between two pieces of its work.
 */
class UpkeepThread {
  readonly #port: MessagePort
  readonly #content: Content
  readonly #ingest: Ingest
  readonly #mfs: Mfs
  /** Of every order that waits or is under way. */
  readonly #controllers = new Set<AbortController>()
  #queue: Promise<void> = Promise.resolve()

  constructor(port: MessagePort, { home, writeLock, mfs }: UpkeepThreadData) {
    yieldToOthers()
    this.#port = port
    this.#content = openContent(home, {
      writeLock: new WriteLock(writeLock),
      checkpoints: 'background'
    })
    this.#ingest = openIngest({
      blocks: this.#content.store,
      store: {
        database: this.#content.paths.database,
        segments: this.#content.paths.segments,
        writeLock,
        checkpoints: 'background'
      },
      background: true
    })
    const importFile: MfsOptions['importFile'] = (path, { adopt, signal }) => {
      const leastBytes = adopt ? limits.adoptedFileBytes : Number.POSITIVE_INFINITY
      const how = { profile: mfs.profile, signal, leastBytes }
      return adoptPath({ ingest: this.#ingest, store: this.#content.store }, path, how)
    }
    this.#mfs = openMfsOf(this.#content, { ...mfs, importFile })
    port.on('message', (order: UpkeepOrder) => this.#take(order))
  }

  #take(order: UpkeepOrder): void {
    if (order.kind === 'abort') {
      for (const controller of this.#controllers) controller.abort()
      return
    }
    const work = order.kind === 'end' ? () => this.#end() : this.#prepare(order)
    this.#queue = this.#queue.then(work)
  }

  #prepare(order: UpkeepWork): () => Promise<void> {
    const controller = new AbortController()
    this.#controllers.add(controller)
    return async () => {
      try {
        this.#answer({ id: order.id, cid: await this.#run(order, controller.signal) })
      } catch (cause) {
        const { code, message } = toCairnError(cause)
        this.#answer({ id: order.id, error: { code, message } })
      } finally {
        this.#controllers.delete(controller)
      }
    }
  }

  async #run(order: UpkeepWork, signal: AbortSignal): Promise<string | undefined> {
    signal.throwIfAborted()
    if (order.kind === 'seal') {
      return (await this.#mfs.snapshot(order.reason, { signal })).cid.toString()
    }
    this.#content.database.checkpoint()
    return undefined
  }

  async #end(): Promise<void> {
    await this.#ingest.close()
    this.#mfs.close()
    this.#content.close()
    this.#port.close()
  }

  #answer(message: UpkeepAnswer): void {
    this.#port.postMessage(message)
  }
}

if (parentPort !== null) new UpkeepThread(parentPort, workerData as UpkeepThreadData)
