import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Roots } from '../roots/api.ts'
import type { KeyInfo, OnPublishFailed, Publication, Published, PublishWhat } from './api.ts'
import type { KeyRing } from './keys.ts'
import { encodeRecord, type RecordContent } from './record.ts'
import { valueOfCid } from './record-value.ts'
import type { Records } from './records.ts'

/** How long a record may be believed without asking again. */
export const recordTtlMs = 5 * 60_000
/** The pointer to a new key holds for ten years: nobody renews it if its key is gone. */
const pointerMs = 3_652 * 86_400_000

/** The root that keeps where a name stands. */
export function rootOfName(name: string): string {
  return `ipns/${name}`
}

export interface PublisherOptions {
  readonly database: Database
  readonly clock: Clock
  readonly roots: Roots
  readonly keys: KeyRing
  readonly records: Records
}

/** Makes records of own keys. Each step is one transaction: record, root and publication move together. */
export class Publisher {
  readonly #options: PublisherOptions

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  publications(): Publication[] {
    const { database, keys, roots } = this.#options
    const rows = database.statement('SELECT * FROM name_publications ORDER BY name').all()
    return rows.flatMap(row => {
      const key = keys.find(row.name as string)
      if (key === undefined) return []
      const { name, alias } = key
      const path = (row.path as string | null) ?? undefined
      const lifetimeMs = row.lifetime_ms as number
      return [{ name, alias, path, lifetimeMs, cid: roots.get(rootOfName(name))?.cid }]
    })
  }

  publish(which: string, { cid, path, lifetimeMs, settle }: PublishWhat): Published {
    const { database, clock, keys, records, roots } = this.#options
    const key = keys.get(which)
    checkInForce(key)
    keys.open(key.name)
    return this.#keep(() => {
      if (!settle) this.#checkAlone(key)
      database
        .statement('INSERT OR REPLACE INTO name_publications VALUES (?, ?, ?)')
        .run(key.name, path ?? null, lifetimeMs)
      records.settleHeads(key.name)
      const endMs = clock.nowMs() + lifetimeMs
      const made = this.#sign(key, { value: valueOfCid(cid), endMs, ttlMs: recordTtlMs })
      const root = rootOfName(key.name)
      const reason = `publish ${made.sequence}`
      roots.advance(root, roots.get(root)?.cid, cid, { profile: '', reason })
      return { ...made, cid }
    })
  }

  unpublish(which: string): boolean {
    const { database, keys } = this.#options
    const { name } = keys.get(which)
    const remove = database.statement('DELETE FROM name_publications WHERE name = ?')
    return this.#keep(() => remove.run(name).changes === 1)
  }

  /** Signs anew what ends within half its lifetime; where another machine publishes too, nothing. */
  renew(failed: OnPublishFailed): Published[] {
    const { clock, records } = this.#options
    return this.#publishEach(failed, ({ name, lifetimeMs, cid }) => {
      const held = records.get(name)
      const isDue = held === undefined || held.endMs - clock.nowMs() <= lifetimeMs / 2
      return isDue ? cid : undefined
    })
  }

  /** Publishes folders of /mfs that stand elsewhere by now; `cidAt` gives undefined for one that is gone. */
  publishMoved(
    cidAt: (path: string) => PublishWhat['cid'] | undefined,
    failed: OnPublishFailed
  ): Published[] {
    return this.#publishEach(failed, ({ path, cid: standing }) => {
      const cid = path === undefined ? undefined : cidAt(path)
      return cid === undefined || standing?.equals(cid) ? undefined : cid
    })
  }

  /** One that cannot be published keeps no other from it. */
  #publishEach(
    failed: OnPublishFailed,
    cidOf: (publication: Publication) => PublishWhat['cid'] | undefined
  ): Published[] {
    return this.publications().flatMap(publication => {
      const { name, path, lifetimeMs } = publication
      if (this.#options.records.heads({ name }).length > 0) return []
      try {
        const cid = cidOf(publication)
        return cid === undefined
          ? []
          : [this.publish(name, { cid, path, lifetimeMs, settle: false })]
      } catch (cause) {
        failed(publication, toCairnError(cause))
        return []
      }
    })
  }

  rotate(which: string): KeyInfo {
    const { clock, keys, records, roots } = this.#options
    const old = keys.get(which)
    checkInForce(old)
    keys.open(old.name)
    return this.#keep(() => {
      this.#checkAlone(old)
      const made = keys.create(`${old.name.slice(-12)}-next`)
      keys.succeed(old, made)
      const value = `/ipns/${made.name}`
      const endMs = clock.nowMs() + pointerMs
      this.#sign(old, { value, endMs, ttlMs: recordTtlMs, successor: made.name })
      const standing = roots.get(rootOfName(old.name))
      const publication = this.publications().find(({ name }) => name === made.name)
      if (standing !== undefined && publication !== undefined) {
        const { path, lifetimeMs } = publication
        this.publish(made.name, { cid: standing.cid, path, lifetimeMs, settle: false })
      }
      records.settleHeads(old.name)
      return { ...made, alias: old.alias }
    })
  }

  /** Inside a transaction: one sequence above all that is known of the name. */
  #sign(key: KeyInfo, content: Omit<RecordContent, 'sequence'>): Omit<Published, 'cid'> {
    const { keys, records } = this.#options
    const { name, alias } = key
    const known = [records.get(name), ...records.heads({ name, all: true })].flatMap(record =>
      record === undefined ? [] : [record.sequence]
    )
    const sequence = known.reduce((most, each) => (each >= most ? each + 1n : most), 0n)
    const record = encodeRecord(keys.open(name), { ...content, sequence })
    records.put(name, record)
    return { name, alias, sequence, endMs: content.endMs, record }
  }

  #checkAlone({ name, alias }: KeyInfo): void {
    const [head] = this.#options.records.heads({ name })
    if (head === undefined) return
    throw new CairnError(
      'conflict',
      `another machine has the key ${alias} and published ${head.value} (sequence ${head.sequence}): ` +
        'look at both, then publish with --settle to go above it'
    )
  }

  #keep<T>(work: () => T): T {
    return this.#options.database.write(work, { durable: true })
  }
}

function checkInForce({ alias, successor }: KeyInfo): void {
  if (successor === undefined) return
  throw new CairnError('conflict', `the key ${alias} gave way to ${successor}: publish with that`)
}
