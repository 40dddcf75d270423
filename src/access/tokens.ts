import { createHash, randomBytes } from 'node:crypto'
import { type Scope, scopes } from '../base/access.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import type { Credentials } from './api.ts'
import { makeSecret } from './secret.ts'

/** A secret for a program instead of its user's password: it can do less, and be taken back alone. */
export interface Token {
  /** What it is listed and taken back by; says nothing of the secret. */
  readonly id: string
  readonly user: string
  readonly scopes: readonly Scope[]
  readonly createdMs: number
}

const mark = 'cairn_'

/** Whether a secret is a token's: no password is looked up then. */
export function isTokenSecret(secret: string): boolean {
  return secret.startsWith(mark)
}

/** The tokens of a home. The database has `accessMigrations`. */
export class Tokens {
  readonly #database: Database
  readonly #clock: Clock

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** Makes one; `text`, the whole token as clients send it, is kept nowhere. */
  make(user: string, allowed: Iterable<Scope>): { token: Token; text: string } {
    const secret = mark + makeSecret()
    const id = randomBytes(9).toString('hex')
    const createdMs = this.#clock.nowMs()
    const token: Token = { id, user, scopes: [...allowed], createdMs }
    this.#database.write(
      () =>
        this.#database
          .statement('INSERT INTO access_tokens VALUES (?, ?, ?, ?, ?)')
          .run(id, user, hashOf(secret), token.scopes.join(' '), createdMs),
      { durable: true }
    )
    return { token, text: `${user}.${secret}` }
  }

  /** The token that these credentials are. */
  find({ name, secret }: Credentials): Token | undefined {
    const row = this.#database
      .statement('SELECT * FROM access_tokens WHERE hash = ? AND user = ?')
      .get(hashOf(secret), name)
    return row === undefined ? undefined : tokenOf(row)
  }

  /** A user's, the oldest first. */
  list(user: string): Token[] {
    const rows = this.#database
      .statement('SELECT * FROM access_tokens WHERE user = ? ORDER BY createdMs, id')
      .all(user)
    return rows.map(tokenOf)
  }

  /** False if the user has none of this id. */
  remove(user: string, id: string): boolean {
    const { changes } = this.#database.write(
      () =>
        this.#database
          .statement('DELETE FROM access_tokens WHERE user = ? AND id = ?')
          .run(user, id),
      { durable: true }
    )
    return changes === 1
  }
}

/** 130 random bits need no salt and no slow hash. */
function hashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest()
}

function tokenOf(row: Record<string, unknown>): Token {
  const words = String(row.scopes).split(' ')
  return {
    id: row.id as string,
    user: row.user as string,
    scopes: scopes.filter(scope => words.includes(scope)),
    createdMs: row.createdMs as number
  }
}
