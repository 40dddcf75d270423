import type { Clock } from '../base/clock.ts'
import { toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { NameSink } from '../base/name-source.ts'
import type { Names } from '../names/api.ts'
import type { Log } from './logger.ts'

export interface HandOnOptions {
  readonly names: Pick<Names, 'records'>
  readonly sinks: readonly NameSink[]
  readonly clock: Clock
  readonly log: Log
}

/** Others forget what they were told: a DHT within two days, at the latest when its nodes are gone. */
const againMs = 4 * 3_600_000
/** What was told within so long of the start is told again after it. */
const soonMs = 60_000
/** Records of others that are handed on at a time: nobody waits for them. */
const together = 4

interface Told {
  readonly record: Uint8Array
  readonly atMs: number
}

/**
 * Hands records to everybody who takes some: own ones at once when they are made, by whichever process; all that
 * are held, of others too, again from time to time until they end.
 */
export class RecordHanding {
  readonly #options: HandOnOptions
  readonly #end = new AbortController()
  readonly #told = new Map<string, Told>()
  #handing = 0
  #beganMs: number | undefined

  constructor(options: HandOnOptions) {
    this.#options = options
  }

  tick(): void {
    if (this.#options.sinks.length === 0) return
    const nowMs = this.#options.clock.nowMs()
    this.#beganMs ??= nowMs
    const held = this.#options.names.records()
    for (const { name, bytes, isOwn, endMs } of held) {
      if (endMs <= nowMs) continue
      const isNews = isOwn && !this.#isTold(name, bytes)
      if (isNews || (this.#isAgain(name, nowMs) && this.#handing < together)) this.tell(name, bytes)
    }
    const names = new Set(held.map(({ name }) => name))
    for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name)
  }

  #isTold(name: string, bytes: Uint8Array): boolean {
    const told = this.#told.get(name)
    return told !== undefined && Buffer.compare(told.record, bytes) === 0
  }

  /** Soon after the start nobody may have been there to hear it. */
  #isAgain(name: string, nowMs: number): boolean {
    const told = this.#told.get(name)
    if (told === undefined) return true
    const sinceStartMs = told.atMs - (this.#beganMs ?? 0)
    return nowMs - told.atMs >= (sinceStartMs < soonMs ? soonMs : againMs)
  }

  tell(name: string, record: Uint8Array): void {
    this.#told.set(name, { record, atMs: this.#options.clock.nowMs() })
    this.#handing++
    void this.#tellAll(name, record).finally(() => {
      this.#handing--
    })
  }

  async #tellAll(name: string, record: Uint8Array): Promise<void> {
    const { sinks, log } = this.#options
    const until = AbortSignal.any([this.#end.signal, AbortSignal.timeout(limits.nameTellMs)])
    await Promise.all(
      sinks.map(async sink => {
        try {
          await sink.tell(name, record, until)
        } catch (cause) {
          const problem = toCairnError(cause).message
          log.info({ name, to: sink.label, problem }, 'a record was not taken')
        }
      })
    )
  }

  close(): void {
    this.#end.abort()
  }
}
