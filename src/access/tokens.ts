import { createHash, randomBytes } from 'node:crypto'
import { BlockList, isIP } from 'node:net'
import { type Scope, scopes } from '../base/access.ts'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import type { Credentials } from './api.ts'
import { makeSecret } from './secret.ts'

/** A secret for a program instead of its user's password: it can do less, and be taken back alone. */
export interface Token {
  /** What it is listed and taken back by; says nothing of the secret. */
  readonly id: string
  readonly user: string
  readonly scopes: readonly Scope[]
  readonly createdMs: number
  /** From then on it is nobody's; undefined: for as long as its user. */
  readonly endsMs: number | undefined
  /** Where it may be used from, as `10.0.0.0/8`; empty: anywhere. */
  readonly networks: readonly string[]
}

/** What a token is bound to besides its scopes. */
export type TokenBounds = Partial<Pick<Token, 'endsMs' | 'networks'>>

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

  /** Makes one; `text`, the whole token as clients send it, is kept nowhere. Throws `invalid` for what is no network. */
  make(
    user: string,
    allowed: Iterable<Scope>,
    { endsMs, networks = [] }: TokenBounds = {}
  ): { token: Token; text: string } {
    networksOf(networks)
    const secret = mark + makeSecret()
    const id = randomBytes(9).toString('hex')
    const createdMs = this.#clock.nowMs()
    const token: Token = { id, user, scopes: [...allowed], createdMs, endsMs, networks }
    this.#database.write(
      () =>
        this.#database
          .statement('INSERT INTO access_tokens VALUES (?, ?, ?, ?, ?, ?, ?)')
          .run(
            id,
            user,
            hashOf(secret),
            token.scopes.join(' '),
            createdMs,
            endsMs ?? null,
            networks.join(' ')
          ),
      { durable: true }
    )
    return { token, text: `${user}.${secret}` }
  }

  /** The token that these credentials are, until it ends. */
  find({ name, secret }: Credentials): Token | undefined {
    const row = this.#database
      .statement('SELECT * FROM access_tokens WHERE hash = ? AND user = ?')
      .get(hashOf(secret), name)
    const token = row === undefined ? undefined : tokenOf(row)
    const ended = token?.endsMs !== undefined && token.endsMs <= this.#clock.nowMs()
    return ended ? undefined : token
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

/** Whether a token may be used from an address. */
export function isUsableFrom({ networks }: Pick<Token, 'networks'>, address: string): boolean {
  if (networks.length === 0) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain)
  return family !== 0 && networksOf(networks).check(plain, family === 6 ? 'ipv6' : 'ipv4')
}

/** Networks as `10.0.0.0/8` or single addresses. Throws `invalid`. */
function networksOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [, address = '', digits] = /^([\da-f.:]+)(?:\/(\d{1,3}))?$/i.exec(network) ?? []
    const family = isIP(address)
    const most = family === 6 ? 128 : 32
    const bits = digits === undefined ? most : Number(digits)
    if (family === 0 || bits > most) {
      throw new CairnError('invalid', `${JSON.stringify(network.slice(0, 80))} is no network`)
    }
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
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
    createdMs: row.createdMs as number,
    endsMs: (row.endsMs as number | null) ?? undefined,
    networks: String(row.networks)
      .split(' ')
      .filter(network => network !== '')
  }
}
