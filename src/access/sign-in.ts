import { createHmac, randomBytes } from 'node:crypto'
import type { Access } from '../base/access.ts'
import type { Clock } from '../base/clock.ts'
import { limits } from '../base/limits.ts'
import type { Credentials } from './api.ts'
import { Attempts } from './attempts.ts'
import { isSecret, nobodysSecret } from './secret.ts'
import { isTokenSecret, isUsableFrom, type Tokens } from './tokens.ts'
import type { StoredUser, Users } from './users.ts'

/** Why somebody is not let in: the secret is wrong, or there were too many failures or checks for now. */
export type Refused =
  | { readonly why: 'wrong' }
  | { readonly why: 'failures' | 'busy'; readonly waitSeconds: number }

/**
 * Checks credentials. A check costs a good part of a second of one core, so few run at a time, and
 * what was right is remembered, by a keyed hash, until the user's row changes.
 */
export class SignIn {
  readonly #users: Users
  readonly #clock: Clock
  readonly #tokens: Pick<Tokens, 'find'> | undefined
  readonly #attempts = new Attempts()
  readonly #key = randomBytes(32)
  /** Digest of what was right → what the row kept then. */
  readonly #right = new Map<string, string>()
  #checks = 0
  #last: Promise<unknown> = Promise.resolve()

  /** Without `tokens` only passwords are taken. */
  constructor(users: Users, clock: Clock, tokens?: Pick<Tokens, 'find'>) {
    this.#users = users
    this.#clock = clock
    this.#tokens = tokens
  }

  /** `address`: where the request comes from. */
  async check(credentials: Credentials, address: string): Promise<Access | Refused> {
    const user = this.#users.find(credentials.name)
    const digest = this.#digest(credentials)
    if (user !== undefined && this.#isKnown(digest, user)) return accessOf(user)
    const waitMs = this.#attempts.waitMs(address, this.#clock.nowMs())
    if (waitMs > 0) return { why: 'failures', waitSeconds: Math.ceil(waitMs / 1000) }
    if (isTokenSecret(credentials.secret)) {
      const access = this.#byToken(credentials, user, address)
      if (access === undefined) this.#attempts.fail(address, this.#clock.nowMs())
      return access ?? { why: 'wrong' }
    }
    if (this.#checks >= limits.signInChecks) return { why: 'busy', waitSeconds: 1 }
    if (!(await this.#isRight(credentials, user, digest))) {
      this.#attempts.fail(address, this.#clock.nowMs())
      return { why: 'wrong' }
    }
    if (user === undefined) return { why: 'wrong' }
    return accessOf(user)
  }

  /** A token does at most what its user may do now. One of a user of that name who was before is nobody's. */
  #byToken(
    credentials: Credentials,
    user: StoredUser | undefined,
    address: string
  ): Access | undefined {
    const token = this.#tokens?.find(credentials)
    if (token === undefined || user === undefined || token.createdMs < user.createdMs) {
      return undefined
    }
    if (!isUsableFrom(token, address)) return undefined
    const all = user.scopes.includes('admin')
    const allowed = token.scopes.filter(scope => all || user.scopes.includes(scope))
    return { ...accessOf(user), scopes: new Set(allowed) }
  }

  /** One after the other: of a client's many at once, the first finds out for all. */
  async #isRight(
    { secret }: Credentials,
    user: StoredUser | undefined,
    digest: string
  ): Promise<boolean> {
    const before = this.#last
    this.#checks++
    const checked = before.then(async () => {
      if (this.#isKnown(digest, user)) return true
      const tooLong = secret.length > limits.secretMost
      const kept = user?.secret ?? nobodysSecret(this.#users.cost)
      const same = await isSecret(tooLong ? '' : secret, kept)
      if (!same || tooLong || user === undefined) return false
      this.#remember(digest, user)
      return true
    })
    this.#last = checked.catch(() => false)
    try {
      return await checked
    } finally {
      this.#checks--
    }
  }

  #isKnown(digest: string, user: StoredUser | undefined): boolean {
    return user !== undefined && this.#right.get(digest) === user.secret
  }

  #digest({ name, secret }: Credentials): string {
    return createHmac('sha256', this.#key).update(`${name}\0${secret}`).digest('base64')
  }

  #remember(digest: string, { secret }: StoredUser): void {
    this.#right.set(digest, secret)
    const [oldest] = this.#right.keys()
    if (this.#right.size > limits.signInRemembered && oldest !== undefined) {
      this.#right.delete(oldest)
    }
  }
}

function accessOf({ name, scopes, root }: StoredUser): Access {
  return { user: name, scopes: new Set(scopes), root }
}
