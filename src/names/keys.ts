import { type KeyObject, randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError } from '../base/errors.ts'
import type { KeyInfo, Keys } from './api.ts'
import { readIpnsName } from './ipns-name.ts'
import {
  exportPrivateKey,
  importPrivateKey,
  type KeyFormat,
  nameOfKey,
  privateKeyOfSeed,
  publicKeyBytes,
  seedOf
} from './key-forms.ts'
import { type SealingSecret, seal, unseal } from './seal-secret.ts'

export interface KeyRingOptions {
  readonly database: Database
  readonly clock: Clock
  /** Asked when a key is sealed or opened for the first time. */
  readonly secret: () => SealingSecret
}

/** Own keys: rows, each private key sealed. One that was opened stays open in this object. */
export class KeyRing implements Keys {
  readonly #database: Database
  readonly #clock: Clock
  readonly #secret: () => SealingSecret
  readonly #opened = new Map<string, KeyObject>()

  constructor({ database, clock, secret }: KeyRingOptions) {
    this.#database = database
    this.#clock = clock
    this.#secret = secret
  }

  list(): KeyInfo[] {
    return this.#database
      .statement('SELECT name, alias, created_ms, successor FROM name_keys ORDER BY alias')
      .all()
      .map(infoOf)
  }

  find(which: string): KeyInfo | undefined {
    const row = this.#database
      .statement('SELECT * FROM name_keys WHERE alias = ?1 OR name = ?2')
      .get(which, readIpnsName(which) ?? '')
    return row === undefined ? undefined : infoOf(row)
  }

  /** As `find`. Throws `not-found`. */
  get(which: string): KeyInfo {
    const found = this.find(which)
    if (found !== undefined) return found
    throw new CairnError(
      'not-found',
      `there is no key ${JSON.stringify(which.slice(0, 120))}: "cairn key ls" lists them, "cairn key new" makes one`
    )
  }

  create(alias: string): KeyInfo {
    return this.#add(alias, privateKeyOfSeed(randomBytes(32)))
  }

  import(alias: string, bytes: Uint8Array): KeyInfo {
    return this.#add(alias, importPrivateKey(bytes))
  }

  #add(alias: string, key: KeyObject): KeyInfo {
    checkAlias(alias)
    const name = nameOfKey(publicKeyBytes(key))
    const sealed = seal(this.#secret(), name, seedOf(key))
    const createdMs = this.#clock.nowMs()
    this.#database.write(
      () => {
        const known = this.find(alias) ?? this.find(name)
        if (known !== undefined) {
          throw new CairnError('exists', `there is a key ${known.alias} already: ${known.name}`)
        }
        const followed = this.#database
          .statement('SELECT target FROM name_follows WHERE alias = ?')
          .get(alias)
        if (followed !== undefined) {
          throw new CairnError(
            'exists',
            `${alias} is what ${followed.target} is called, which is followed`
          )
        }
        this.#database
          .statement('INSERT INTO name_keys VALUES (?, ?, ?, ?, NULL)')
          .run(name, alias, sealed, createdMs)
      },
      { durable: true }
    )
    this.#opened.set(name, key)
    return { name, alias, createdMs, successor: undefined }
  }

  export(which: string, format: KeyFormat): Uint8Array {
    return exportPrivateKey(this.open(this.get(which).name), format)
  }

  /** The private key of an own name. Throws `not-found`, `denied`. */
  open(name: string): KeyObject {
    const known = this.#opened.get(name)
    if (known !== undefined) return known
    const row = this.#database.statement('SELECT sealed FROM name_keys WHERE name = ?').get(name)
    if (row === undefined) throw new CairnError('not-found', `the key of ${name} is not here`)
    const key = privateKeyOfSeed(unseal(this.#secret(), name, row.sealed as Uint8Array))
    this.#opened.set(name, key)
    return key
  }

  reseal(from: SealingSecret): number {
    const to = this.#secret()
    const rows = this.#database.statement('SELECT name, sealed FROM name_keys').all()
    const changes = rows.flatMap(row => {
      const { name, sealed } = row as { name: string; sealed: Uint8Array }
      const seed = seedFor(name, sealed, { from, to })
      return seed === undefined ? [] : [{ name, sealed, anew: seal(to, name, seed) }]
    })
    this.#database.write(
      () => {
        for (const { name, sealed, anew } of changes) {
          this.#database
            .statement('UPDATE name_keys SET sealed = ? WHERE name = ? AND sealed = ?')
            .run(anew, name, sealed)
        }
      },
      { durable: true }
    )
    return changes.length
  }

  remove(which: string): boolean {
    const found = this.find(which)
    if (found === undefined) return false
    this.#opened.delete(found.name)
    this.#database.write(
      () => {
        for (const table of ['name_keys', 'name_publications', 'name_records', 'name_heads']) {
          this.#database.statement(`DELETE FROM ${table} WHERE name = ?`).run(found.name)
        }
      },
      { durable: true }
    )
    return true
  }

  /** Inside a transaction: the key hands its alias and its publishing to another. */
  succeed(from: KeyInfo, to: KeyInfo): void {
    const aside = `${from.alias}-until-${new Date(this.#clock.nowMs()).toISOString().slice(0, 10)}-${from.name.slice(-6)}`
    this.#database
      .statement('UPDATE name_keys SET alias = ?, successor = ? WHERE name = ?')
      .run(aside, to.name, from.name)
    this.#database
      .statement('UPDATE name_keys SET alias = ? WHERE name = ?')
      .run(from.alias, to.name)
    this.#database
      .statement('UPDATE name_publications SET name = ? WHERE name = ?')
      .run(to.name, from.name)
  }
}

/** What is sealed with the one secret; undefined if it is sealed with the other already. Throws `denied`. */
function seedFor(
  name: string,
  sealed: Uint8Array,
  { from, to }: { from: SealingSecret; to: SealingSecret }
): Uint8Array | undefined {
  try {
    return unseal(from, name, sealed)
  } catch (cause) {
    try {
      unseal(to, name, sealed)
    } catch {
      throw cause
    }
    return undefined
  }
}

/** 1 to 64 of what a folder's name and a word of a command line can hold, and never a name. Throws `invalid`. */
export function checkAlias(alias: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,63}$/.test(alias) && readIpnsName(alias) === undefined) return alias
  throw new CairnError(
    'invalid',
    `${JSON.stringify(alias.slice(0, 120))} cannot name a key: use a-z, 0-9, ".", "_" and "-"`
  )
}

function infoOf(row: Record<string, unknown>): KeyInfo {
  return {
    name: row.name as string,
    alias: row.alias as string,
    createdMs: row.created_ms as number,
    successor: (row.successor as string | null) ?? undefined
  }
}
