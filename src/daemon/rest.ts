import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So long after the start, or as soon as it is idle then: what starting left behind is more than what the daemon keeps. */
const firstRestMs = 2_000
const lookMs = 60_000
/** Of one processor, between two looks: below it nobody waits for an answer. */
const idleShare = 0.02
/** CPU time since the last rest, in milliseconds: less leaves nothing behind worth a collection. */
const worthMs = 2_000

/** CPU time of this process, in milliseconds. */
export type CpuClock = () => number

/** Says at each look whether it is time to rest: idle since the last look, and busy since the last rest. */
export class RestMeter {
  readonly #cpuMs: CpuClock
  readonly #lookMs: number
  readonly #worthMs: number
  #atLook: number
  #atRest: number

  constructor(cpuMs: CpuClock, sinceLookMs: number, worthWhileMs = worthMs) {
    this.#cpuMs = cpuMs
    this.#lookMs = sinceLookMs
    this.#worthMs = worthWhileMs
    this.#atLook = cpuMs()
    this.#atRest = this.#atLook
  }

  look(): boolean {
    const now = this.#cpuMs()
    const idle = now - this.#atLook < idleShare * this.#lookMs
    const worth = now - this.#atRest >= this.#worthMs
    this.#atLook = now
    return idle && worth
  }

  rested(): void {
    this.#atLook = this.#cpuMs()
    this.#atRest = this.#atLook
  }
}

/**
 * Gives back what the main thread's heap does not need, soon after the start and after each spell
 * of work: V8 keeps a nursery of some ten megabytes for as long as nobody allocates.
 */
export function openRest(): { close: () => void } {
  const meter = new RestMeter(processCpuMs, lookMs)
  const rest = () => {
    collectGarbage()
    meter.rested()
  }
  // What starting left behind is worth it; who works right after the start is not stopped for it.
  const started = new RestMeter(processCpuMs, firstRestMs, 0)
  const first = setInterval(() => {
    if (!started.look()) return
    clearInterval(first)
    rest()
  }, firstRestMs).unref()
  const looking = setInterval(() => meter.look() && rest(), lookMs).unref()
  return {
    close: () => {
      clearInterval(first)
      clearInterval(looking)
    }
  }
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** A whole collection that also shrinks the heap; some ten milliseconds. V8 offers it to its own tests only. */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  collect({ type: 'major', flavor: 'last-resort' })
}
