import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { limits } from '../../base/limits.ts'

interface Session {
  readonly untilMs: number
  token: string | undefined
}

/** Logins that a person finishes in a browser while a client waits for the token. */
export class LoginSessions {
  readonly #clock: Clock
  readonly #sessions = new Map<string, Session>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins one; its id cannot be guessed. The oldest is forgotten when there are too many. */
  begin(): string {
    const id = randomBytes(24).toString('base64url')
    this.#sessions.set(id, { untilMs: this.#clock.nowMs() + limits.loginMs, token: undefined })
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > limits.loginSessions && oldest !== undefined) {
      this.#sessions.delete(oldest)
    }
    return id
  }

  has(id: string): boolean {
    return this.#get(id) !== undefined
  }

  /** Gives the client that waits its token. False if there is none. */
  grant(id: string, token: string): boolean {
    const session = this.#get(id)
    if (session === undefined || session.token !== undefined) return false
    session.token = token
    return true
  }

  /** The token, once; `waiting` until it is granted, undefined for a session that there is not. */
  take(id: string): { token: string } | 'waiting' | undefined {
    const session = this.#get(id)
    if (session === undefined) return undefined
    if (session.token === undefined) return 'waiting'
    this.#sessions.delete(id)
    return { token: session.token }
  }

  #get(id: string): Session | undefined {
    const session = this.#sessions.get(id)
    if (session === undefined || session.untilMs >= this.#clock.nowMs()) return session
    this.#sessions.delete(id)
    return undefined
  }
}
