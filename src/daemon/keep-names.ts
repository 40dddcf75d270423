import type { Clock } from '../base/clock.ts'
import { type CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { NameSink } from '../base/name-source.ts'
import type { Names, Publication, Published } from '../names/api.ts'
import type { Refresher } from '../names/refresh.ts'
import { type Content, mfsRootName } from './content.ts'
import { RecordHanding } from './hand-on-records.ts'
import type { Log } from './logger.ts'
import { cidInMfs } from './open-names.ts'
import { FollowRefreshing } from './refresh-follows.ts'
import { WatchOwn } from './watch-own.ts'

export interface KeepNamesOptions {
  readonly names: Names
  readonly content: Pick<Content, 'roots' | 'reader' | 'database'>
  readonly refresher: Refresher
  /** False where nobody can be asked. */
  readonly asks: boolean
  readonly sinks: readonly NameSink[]
  readonly clock: Clock
  readonly log: Log
  /** Entries of /ipns that lead elsewhere now, or nowhere. */
  readonly moved: (entries: readonly string[]) => Promise<void>
}

/** What is done for names in the background while the daemon runs. */
export interface NameKeeping {
  /** /mfs was sealed: publishes what moved. */
  sealed: () => void
  /** Names may lead elsewhere now: resolves when kernels were told. */
  changed: () => Promise<void>
  /** Hands a record to everybody who takes some. */
  tell: (published: Pick<Published, 'name' | 'record'>) => void
  /** A newer record of a key was taken: who follows it is shown where it leads, soon. */
  heard: (name: string) => void
  /** Asks others for an own name, by its alias, if that was not done since the start; not for long. */
  lookOut: (alias: string) => Promise<void>
  /** Looks from now on every second what is to be done. */
  begin: () => void
  close: () => Promise<void>
}

const tickMs = 1_000

export function openNameKeeping(options: KeepNamesOptions): NameKeeping {
  return new BackgroundNames(options)
}

class BackgroundNames implements NameKeeping {
  readonly #options: KeepNamesOptions
  readonly #follows: FollowRefreshing
  readonly #handing: RecordHanding
  readonly #own: WatchOwn
  #timer: NodeJS.Timeout | undefined
  #later: NodeJS.Timeout | undefined
  #publishedMs = 0
  #renewedMs = 0
  #mfsSequence = -1
  #shown: ReadonlyMap<string, string> | undefined
  /** Kernels being told: whoever asks meanwhile finds nothing new, and waits for it too. */
  readonly #telling = new Set<Promise<void>>()

  constructor(options: KeepNamesOptions) {
    this.#options = options
    this.#follows = new FollowRefreshing(options)
    this.#handing = new RecordHanding(options)
    this.#own = new WatchOwn(options)
  }

  begin(): void {
    void this.changed()
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
  }

  sealed(): void {
    this.#attempt('publish what was sealed', () => this.#publishMoved())
  }

  async changed(): Promise<void> {
    try {
      await this.#showMoved()
    } catch (cause) {
      this.#options.log.warn({ err: toCairnError(cause) }, 'cannot show names')
    }
  }

  tell({ name, record }: Pick<Published, 'name' | 'record'>): void {
    this.#handing.tell(name, record)
    this.#own.published(name)
  }

  heard(name: string): void {
    this.#follows.heard(name)
  }

  async lookOut(alias: string): Promise<void> {
    const name = this.#options.names.keys.find(alias)?.name
    if (name !== undefined) await this.#own.ask(name)
  }

  #tick(): void {
    this.#attempt('tell of other publishers', () => this.#own.tick())
    this.#attempt('publish what was sealed', () => this.#publishMoved())
    this.#attempt('renew records', () => this.#renew())
    this.#attempt('hand on records', () => this.#handing.tick())
    void this.changed()
    if (this.#options.asks) this.#attempt('refresh names', () => this.#follows.tick())
  }

  #attempt(what: string, work: () => void): void {
    try {
      work()
    } catch (cause) {
      this.#options.log.warn({ err: toCairnError(cause) }, `cannot ${what}`)
    }
  }

  /** At once, and then at most once a second: many seals together are one record. */
  #publishMoved(): void {
    const { names, content, clock } = this.#options
    const sequence = content.roots.get(mfsRootName)?.sequence ?? 0
    if (sequence === this.#mfsSequence || !this.#own.isLookedOut) return
    const waitMs = this.#publishedMs + tickMs - clock.nowMs()
    if (waitMs > 0) {
      this.#publishLater(waitMs)
      return
    }
    let failures = 0
    const published = names.publishMoved(
      path => cidInMfs(content, path),
      (publication, error) => {
        failures++
        this.#warn(publication, error)
      }
    )
    if (failures === 0) this.#mfsSequence = sequence
    const restMs = failures === 0 ? 0 : limits.nameRenewMs
    if (published.length + failures > 0) this.#publishedMs = clock.nowMs() + restMs
    for (const each of published) this.#report(each)
  }

  #publishLater(waitMs: number): void {
    clearTimeout(this.#later)
    this.#later = setTimeout(() => this.sealed(), Math.min(waitMs, tickMs)).unref()
  }

  #renew(): void {
    const { names, clock } = this.#options
    if (clock.nowMs() - this.#renewedMs < limits.nameRenewMs || !this.#own.isLookedOut) return
    this.#renewedMs = clock.nowMs()
    const renewed = names.renew((publication, error) => this.#warn(publication, error))
    for (const each of renewed) this.#report(each)
  }

  #warn({ name, alias }: Publication, { code, message }: CairnError): void {
    this.#options.log.warn({ name, alias, code, message }, 'cannot publish; tried again later')
  }

  #report(published: Published): void {
    const { name, cid, sequence } = published
    this.#options.log.info({ name, cid: cid.toString(), sequence: Number(sequence) }, 'published')
    this.tell(published)
  }

  /** Also what another process changed: kernels hold what they were told. */
  async #showMoved(): Promise<void> {
    const shown = new Map(this.#options.names.list().flatMap(entriesOf))
    const before = this.#shown
    this.#shown = shown
    if (before === undefined) return
    const all = new Set([...before.keys(), ...shown.keys()])
    const moved = [...all].filter(entry => before.get(entry) !== shown.get(entry))
    if (moved.length > 0) this.#tellKernels(moved)
    await Promise.all(this.#telling)
  }

  #tellKernels(moved: readonly string[]): void {
    const telling: Promise<void> = this.#options
      .moved(moved)
      .finally(() => this.#telling.delete(telling))
    this.#telling.add(telling)
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    clearTimeout(this.#later)
    this.#handing.close()
    await Promise.all([this.#follows.close(), this.#own.close()])
  }
}

function entriesOf({
  name,
  alias,
  place
}: ReturnType<Names['list']>[number]): Array<[string, string]> {
  const to = place.kind === 'mfs' ? `mfs ${place.path}` : place.cid.toString()
  return alias === undefined
    ? [[name, to]]
    : [
        [name, to],
        [alias, to]
      ]
}
