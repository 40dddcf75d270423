import { type Scope, scopes } from '../base/access.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, nameBytes, nameFromBytes } from '../base/names.ts'
import type { User } from './api.ts'
import { hashSecret, type SecretCost, secretCost } from './secret.ts'
import { isTokenSecret } from './tokens.ts'

/** A user, and what is kept of the secret. */
export interface StoredUser extends User {
  readonly secret: string
}

interface Row {
  readonly name: string
  readonly secret: string
  readonly scopes: string
  readonly root: Uint8Array
  readonly createdMs: number
}

/** The users of a home. The database has `accessMigrations`. */
export class Users {
  readonly #database: Database
  readonly #clock: Clock
  readonly cost: SecretCost

  constructor(database: Database, clock: Clock, cost = secretCost) {
    this.#database = database
    this.#clock = clock
    this.cost = cost
  }

  /** Throws `exists`, `invalid` for a name or secret that cannot be one. */
  async add(
    name: string,
    secret: string,
    { scopes, root }: Pick<User, 'scopes' | 'root'>
  ): Promise<void> {
    checkUserName(name)
    checkSecret(secret)
    const kept = await hashSecret(secret, this.cost)
    const { changes } = this.#database.write(
      () =>
        this.#database
          .statement('INSERT OR IGNORE INTO access_users VALUES (?, ?, ?, ?, ?)')
          .run(name, kept, scopes.join(' '), rootBytes(root), this.#clock.nowMs()),
      { durable: true }
    )
    if (changes === 0) {
      throw new CairnError('exists', `there is a user ${name} already: cairn user rm ${name} first`)
    }
  }

  /** False if there was none of that name. */
  remove(name: string): boolean {
    const { changes } = this.#database.write(
      () => this.#database.statement('DELETE FROM access_users WHERE name = ?').run(name),
      { durable: true }
    )
    return changes === 1
  }

  find(name: string): StoredUser | undefined {
    const row = this.#database.statement('SELECT * FROM access_users WHERE name = ?').get(name)
    return row === undefined ? undefined : userOf(row as unknown as Row)
  }

  list(): User[] {
    const rows = this.#database.statement('SELECT * FROM access_users ORDER BY name').all()
    return (rows as unknown as Row[]).map(row => {
      const { secret: _, ...user } = userOf(row)
      return user
    })
  }
}

function userOf({ name, secret, scopes, root, createdMs }: Row): StoredUser {
  return { name, secret, createdMs, scopes: scopesOf(scopes), root: namesOf(root) }
}

function scopesOf(text: string): Scope[] {
  const words = text.split(' ')
  return scopes.filter(scope => words.includes(scope))
}

function rootBytes(root: readonly Name[]): Uint8Array {
  return nameBytes(root.join('/') as Name)
}

function namesOf(root: Uint8Array): Name[] {
  return nameFromBytes(root)
    .split('/')
    .filter(name => name !== '') as Name[]
}

function checkUserName(name: string): void {
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(name)) return
  const shown = JSON.stringify(name.slice(0, 80))
  throw new CairnError('invalid', `${shown} cannot name a user: use a-z, 0-9, "_" and "-"`)
}

function checkSecret(secret: string): void {
  const { length } = secret
  if (length < limits.secretLeast || length > limits.secretMost) {
    throw new CairnError(
      'invalid',
      `a password of ${length} characters: give ${limits.secretLeast} to ${limits.secretMost}`
    )
  }
  if (isTokenSecret(secret)) {
    throw new CairnError('invalid', 'a password cannot begin as tokens do, with "cairn_"')
  }
  if (/\p{Cc}/u.test(secret)) {
    throw new CairnError('invalid', 'a password with control characters cannot be sent by Basic')
  }
}
