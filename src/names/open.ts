import type { CID } from 'multiformats/cid'
import type { Clock } from '../base/clock.ts'
import type { Database } from '../base/database.ts'
import { WhileUnchanged } from '../base/while-unchanged.ts'
import type { Roots } from '../roots/api.ts'
import type {
  Follow,
  FollowOptions,
  ForeignHead,
  HeadsOptions,
  HeldRecord,
  KeyInfo,
  NamedRecord,
  Names,
  OnPublishFailed,
  Publication,
  Published,
  PublishWhat,
  Shown,
  Taken,
  TakeOptions,
  Visits
} from './api.ts'
import { Follows } from './follows.ts'
import { judgeRecord } from './judge-record.ts'
import { KeyRing } from './keys.ts'
import { Publisher } from './publisher.ts'
import { decodeRecord } from './record.ts'
import { Records } from './records.ts'
import type { SealingSecret } from './seal-secret.ts'
import { openVisits } from './visits.ts'

export interface NamesOptions {
  /** Has `namesMigrations` and `rootsMigrations`. */
  readonly database: Database
  readonly roots: Roots
  readonly clock: Clock
  readonly secret: () => SealingSecret
}

/** Keys, records, publications and follows over the home's database; any number of threads may have one. */
export function openNames(options: NamesOptions): Names {
  return new DatabaseNames(options)
}

/** Names and aliases that are remembered: a page or a shell asks for few, and for the same ones. */
const remembered = 256

interface Found {
  readonly shown: Shown | undefined
  /** When it turns stale, if it will. */
  readonly endMs: number
}

class DatabaseNames implements Names {
  readonly keys: KeyRing
  readonly visits: Visits
  /** Where names lead, for as long as nobody commits anything: their records were verified when they were taken. */
  readonly #found: WhileUnchanged<Found>
  readonly #handedOn: WhileUnchanged<readonly NamedRecord[]>
  readonly #options: NamesOptions
  readonly #records: Records
  readonly #publisher: Publisher
  readonly #follows: Follows

  constructor(options: NamesOptions) {
    const { database, clock, roots } = options
    this.#options = options
    this.#found = new WhileUnchanged(database, { entries: remembered })
    this.#handedOn = new WhileUnchanged(database, { entries: 1 })
    this.keys = new KeyRing(options)
    this.visits = openVisits(database, clock)
    this.#records = new Records(database, clock)
    this.#publisher = new Publisher({
      database,
      clock,
      roots,
      keys: this.keys,
      records: this.#records
    })
    this.#follows = new Follows(options)
  }

  publications(): Publication[] {
    return this.#publisher.publications()
  }

  publish(alias: string, what: PublishWhat): Published {
    return this.#publisher.publish(alias, what)
  }

  publishMoved(cidAt: (path: string) => CID | undefined, failed: OnPublishFailed): Published[] {
    return this.#publisher.publishMoved(cidAt, failed)
  }

  unpublish(alias: string): boolean {
    return this.#publisher.unpublish(alias)
  }

  rotate(alias: string): KeyInfo {
    return this.#publisher.rotate(alias)
  }

  renew(failed: OnPublishFailed): Published[] {
    return this.#publisher.renew(failed)
  }

  follows(): Follow[] {
    return this.#follows.list()
  }

  follow(target: string, options: FollowOptions): Follow {
    return this.#follows.add(target, options)
  }

  unfollow(which: string): boolean {
    return this.#follows.remove(which)
  }

  get refreshed(): Follows {
    return this.#follows
  }

  record(name: string): HeldRecord | undefined {
    return this.#records.get(name)
  }

  heads(options: HeadsOptions = {}): ForeignHead[] {
    return this.#records.heads(options)
  }

  records(): readonly NamedRecord[] {
    return this.#handedOn.get('', () => {
      const published = new Set(this.publications().map(({ name }) => name))
      return this.#records.names().flatMap(name => {
        const record = this.#records.get(name)
        const isOwn = this.keys.find(name) !== undefined
        if (record === undefined) return []
        const isOver = isOwn && record.successor === undefined && !published.has(name)
        return isOver ? [] : [{ ...record, name, isOwn }]
      })
    })
  }

  take(name: string, bytes: Uint8Array, { late = false }: TakeOptions = {}): Taken {
    // Before the signature is looked at: others send what is held over and over, and made-up names.
    const known = this.#records.get(name)
    if (known !== undefined && sameBytes(known.bytes, bytes)) return 'same'
    if (known === undefined && !this.#isWanted(name)) return 'unwanted'
    const offered = decodeRecord(name, bytes)
    return this.#options.database.write(
      () => {
        const held = this.#records.get(name)
        const own = this.keys.find(name)
        if (own !== undefined && held !== undefined) {
          if (sameBytes(held.bytes, bytes)) return 'same'
          if (offered.sequence < held.sequence) return 'older'
          this.#records.addHead(name, offered)
          return 'foreign'
        }
        if (held?.successor !== undefined) return sameBytes(held.bytes, bytes) ? 'same' : 'older'
        const judgement = judgeRecord(held, offered, late ? 0 : this.#options.clock.nowMs())
        if (judgement !== 'newer') return judgement
        if (!this.#isWanted(name)) return 'unwanted'
        this.#records.put(name, offered.bytes)
        if (offered.successor !== undefined) this.#follows.succeed(name, offered.successor)
        return 'newer'
      },
      { durable: true }
    )
  }

  /** Only what somebody here follows is stored, or all the world could fill the disk. */
  #isWanted(name: string): boolean {
    if (this.keys.find(name) !== undefined || this.#follows.find(name) !== undefined) return true
    return this.#records.isPointedAt(name)
  }

  list(): Shown[] {
    return [...this.#publishedHere(), ...this.#followedHere()]
  }

  find(nameOrAlias: string): Shown | undefined {
    const { shown, endMs } = this.#found.get(nameOrAlias, () => this.#look(nameOrAlias))
    if (shown === undefined || shown.stale || endMs > this.#options.clock.nowMs()) return shown
    return { ...shown, stale: true }
  }

  #look(nameOrAlias: string): Found {
    const shown = this.#readShown(nameOrAlias)
    return { shown, endMs: this.#endOf(shown?.name) }
  }

  #readShown(nameOrAlias: string): Shown | undefined {
    const publications = this.publications()
    const publication =
      publications.find(({ alias }) => alias === nameOrAlias) ??
      publications.find(({ name }) => name === this.keys.find(nameOrAlias)?.name)
    if (publication !== undefined) return this.#shownOfPublication(publication)
    const follow = this.#follows.find(nameOrAlias)
    return follow === undefined ? undefined : this.#shownOfFollow(follow)
  }

  #publishedHere(): Shown[] {
    return this.publications().flatMap(each => this.#shownOfPublication(each) ?? [])
  }

  #shownOfPublication({ name, alias, path, cid }: Publication): Shown | undefined {
    const stale = this.#isStale(name)
    if (path !== undefined) return { name, alias, place: { kind: 'mfs', path, cid }, stale }
    return cid === undefined ? undefined : { name, alias, place: { kind: 'cid', cid }, stale }
  }

  #followedHere(): Shown[] {
    return this.#follows.list().flatMap(each => this.#shownOfFollow(each) ?? [])
  }

  #shownOfFollow({ target, name, alias, cid }: Follow): Shown | undefined {
    if (cid === undefined) return undefined
    const stale = name !== undefined && this.#isStale(name)
    return {
      name: name ?? target,
      alias: alias ?? aliasOf(target, name),
      place: { kind: 'cid', cid },
      stale
    }
  }

  #isStale(name: string): boolean {
    return this.#endOf(name) <= this.#options.clock.nowMs()
  }

  /** What no record says, as a domain that leads to a CID, never ends. */
  #endOf(name: string | undefined): number {
    const held = name === undefined ? undefined : this.#records.get(name)
    return held?.endMs ?? Number.POSITIVE_INFINITY
  }
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

/** What was followed by another name than it has now is still found by that. */
function aliasOf(target: string, name: string | undefined): string | undefined {
  return name === undefined || name === target ? undefined : target
}
