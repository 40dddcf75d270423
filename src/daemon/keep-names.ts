import type { Clock } from '../base/clock.ts'
import { type CairnError, toCairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { NameSink } from '../base/name-source.ts'
import type { Follow, Names, Publication, Published } from '../names/api.ts'
import type { Refresher } from '../names/refresh.ts'
import { type Content, mfsRootName } from './content.ts'
import type { Log } from './logger.ts'
import { cidInMfs } from './open-names.ts'

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
  readonly #end = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #refreshing: Promise<void> = Promise.resolve()
  #isRefreshing = false
  #publishedMs = 0
  #renewedMs = 0
  #mfsSequence = -1
  #warnedHeads = 0
  /** When each own name was asked for last. */
  readonly #watched = new Map<string, number>()
  #shown: ReadonlyMap<string, string> | undefined

  constructor(options: KeepNamesOptions) {
    this.#options = options
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
    const { sinks, log } = this.#options
    const until = AbortSignal.any([this.#end.signal, AbortSignal.timeout(limits.nameTellMs)])
    for (const sink of sinks) {
      sink.tell(name, record, until).catch(cause => {
        log.info(
          { name, to: sink.label, problem: toCairnError(cause).message },
          'a record was not taken'
        )
      })
    }
  }

  #tick(): void {
    this.#attempt('publish what was sealed', () => this.#publishMoved())
    this.#attempt('renew records', () => this.#renew())
    void this.changed()
    this.#attempt('tell of other publishers', () => this.#warnOfHeads())
    if (!this.#isRefreshing) this.#refreshing = this.#refreshDue()
  }

  #attempt(what: string, work: () => void): void {
    try {
      work()
    } catch (cause) {
      this.#options.log.warn({ err: toCairnError(cause) }, `cannot ${what}`)
    }
  }

  /** At most once a second: many seals together are one record. */
  #publishMoved(): void {
    const { names, content, clock } = this.#options
    const sequence = content.roots.get(mfsRootName)?.sequence ?? 0
    if (sequence === this.#mfsSequence || clock.nowMs() - this.#publishedMs < tickMs) return
    let failures = 0
    const published = names.publishMoved(
      path => cidInMfs(content, path),
      (publication, error) => {
        failures++
        this.#warn(publication, error)
      }
    )
    if (failures === 0) this.#mfsSequence = sequence
    const waitMs = failures === 0 ? 0 : limits.nameRenewMs
    if (published.length + failures > 0) this.#publishedMs = clock.nowMs() + waitMs
    for (const each of published) this.#report(each)
  }

  #renew(): void {
    const { names, clock } = this.#options
    if (clock.nowMs() - this.#renewedMs < limits.nameRenewMs) return
    this.#renewedMs = clock.nowMs()
    const renewed = names.renew((publication, error) => this.#warn(publication, error))
    for (const each of renewed) this.#report(each)
  }

  #warn({ name, alias }: Publication, { code, message }: CairnError): void {
    this.#options.log.warn({ name, alias, code, message }, 'cannot publish; tried again later')
  }

  #warnOfHeads(): void {
    const { names, log } = this.#options
    const heads = names.heads()
    if (heads.length > this.#warnedHeads) {
      const [{ name, value } = { name: '', value: '' }] = heads.slice(-1)
      log.warn(
        { name, value },
        'another machine publishes with a key of this one: see cairn key ls'
      )
    }
    this.#warnedHeads = heads.length
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
    if (moved.length > 0) await this.#options.moved(moved)
  }

  async #refreshDue(): Promise<void> {
    if (!this.#options.asks) return
    this.#isRefreshing = true
    try {
      for (const follow of this.#options.names.follows()) {
        if (this.#isDue(follow)) await this.#refresh(follow)
      }
      for (const { name } of this.#options.names.publications()) await this.#watchOwn(name)
    } catch (cause) {
      this.#options.log.warn({ err: toCairnError(cause) }, 'cannot refresh names')
    } finally {
      this.#isRefreshing = false
    }
  }

  #isDue({ name, askedMs, problem }: Follow): boolean {
    const { names, clock } = this.#options
    const ttlMs = name === undefined ? 0 : (names.record(name)?.ttlMs ?? 0)
    const wait = problem === undefined ? ttlMs : limits.nameLeastWaitMs
    const bounded = Math.min(Math.max(wait, limits.nameLeastWaitMs), limits.nameMostWaitMs)
    return clock.nowMs() - askedMs >= bounded
  }

  async #refresh(follow: Follow): Promise<void> {
    if (this.#end.signal.aborted) return
    try {
      await this.#options.refresher.refresh(follow, this.#end.signal)
    } catch (cause) {
      const { code, message }: CairnError = toCairnError(cause)
      if (code === 'aborted') return
      this.#options.log.info({ name: follow.target, code, message }, 'a name was not refreshed')
    }
    void this.changed()
  }

  /** Whether somebody else publishes with a key of ours: what is found is kept as a head, and told. */
  async #watchOwn(name: string): Promise<void> {
    const { clock, refresher, log } = this.#options
    const nowMs = clock.nowMs()
    if (this.#end.signal.aborted || nowMs - (this.#watched.get(name) ?? 0) < limits.nameWatchMs)
      return
    this.#watched.set(name, nowMs)
    try {
      await refresher.ask(name, this.#end.signal)
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      if (code !== 'aborted') log.debug({ name, message }, 'an own name was not found elsewhere')
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#end.abort()
    await this.#refreshing
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
