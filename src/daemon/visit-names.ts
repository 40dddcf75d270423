import type { CID } from 'multiformats/cid'
import type { Clock } from '../base/clock.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { Names } from '../names/api.ts'

export interface NameVisitsOptions {
  readonly names: Pick<Names, 'visits'>
  /** Asks others where a name stands; its root is here then. */
  readonly resolve: (name: string, signal: AbortSignal) => Promise<CID>
  readonly clock: Clock
}

interface Refused {
  readonly untilMs: number
  readonly error: CairnError
}

/**
 * Names that somebody looks into without following them: each is asked for once for all who want it, within
 * a deadline, and what could not be had is not asked for again for a while. So many are asked for, then one now and
 * then, whoever wants them: others on the network must not be asked without end.
 */
export class NameVisits {
  readonly #options: NameVisitsOptions
  readonly #underway = new Map<string, Promise<void>>()
  readonly #refused = new Map<string, Refused>()
  #left: number = limits.nameVisitsAtOnce
  #countedMs: number

  constructor(options: NameVisitsOptions) {
    this.#options = options
    this.#countedMs = options.clock.nowMs()
  }

  /** Resolves when `names.visits` knows it. Throws `not-found`: nobody has it, or too many were asked for. */
  async visit(name: string, signal: AbortSignal): Promise<void> {
    const { clock, names } = this.#options
    if (names.visits.find(name) !== undefined) return
    const refused = this.#refused.get(name)
    if (refused !== undefined && refused.untilMs > clock.nowMs()) throw refused.error
    const underway = this.#underway.get(name) ?? this.#begin(name)
    await untilAborted(underway, signal)
  }

  #begin(name: string): Promise<void> {
    this.#spend(name)
    const asking = this.#ask(name).finally(() => this.#underway.delete(name))
    this.#underway.set(name, asking)
    return asking
  }

  #spend(name: string): void {
    const nowMs = this.#options.clock.nowMs()
    const earned = Math.max(0, nowMs - this.#countedMs) / limits.nameVisitEveryMs
    this.#left = Math.min(limits.nameVisitsAtOnce, this.#left + earned)
    this.#countedMs = nowMs
    if (this.#left < 1) {
      throw new CairnError(
        'not-found',
        `too many names were looked into: ${name} is asked for later`
      )
    }
    this.#left--
  }

  async #ask(name: string): Promise<void> {
    const { names, resolve, clock } = this.#options
    try {
      names.visits.put(name, await resolve(name, AbortSignal.timeout(limits.nameVisitWaitMs)))
    } catch (cause) {
      const { message } = toCairnError(cause)
      const error = new CairnError('not-found', `${name} is not to be had: ${message}`, { cause })
      this.#refused.delete(name)
      this.#refused.set(name, { untilMs: clock.nowMs() + limits.nameVisitMs, error })
      const [oldest] = this.#refused.keys()
      if (this.#refused.size > limits.nameVisits && oldest !== undefined) {
        this.#refused.delete(oldest)
      }
      throw error
    }
  }
}
