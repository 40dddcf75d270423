import { isIPv6 } from 'node:net'
import { limits } from '../base/limits.ts'

interface Failures {
  count: number
  readonly sinceMs: number
}

/** Failures to sign in, by where they came from: so many in a while, then none is looked at for the rest of it. */
export class Attempts {
  readonly #failures = new Map<string, Failures>()

  /** Milliseconds until another attempt from there is looked at; 0 if now. */
  waitMs(address: string, nowMs: number): number {
    const known = this.#failures.get(placeOf(address))
    if (known === undefined || known.count < limits.signInFailures) return 0
    return Math.max(0, known.sinceMs + limits.signInFailureMs - nowMs)
  }

  fail(address: string, nowMs: number): void {
    const place = placeOf(address)
    const known = this.#failures.get(place)
    if (known !== undefined && nowMs - known.sinceMs < limits.signInFailureMs) {
      known.count++
      return
    }
    this.#failures.delete(place)
    this.#failures.set(place, { count: 1, sinceMs: nowMs })
    const [oldest] = this.#failures.keys()
    if (this.#failures.size > limits.signInPlaces && oldest !== undefined) {
      this.#failures.delete(oldest)
    }
  }
}

/** One customer has a /64 of addresses: they count as one. */
function placeOf(address: string): string {
  const four = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (four !== undefined) return four
  if (!isIPv6(address)) return address
  const [left = '', right] = address.split('::', 2)
  const groups = left.split(':').filter(group => group !== '')
  const missing = right === undefined ? 0 : 8
  return [...groups, ...Array<string>(missing).fill('0')].slice(0, 4).join(':')
}
