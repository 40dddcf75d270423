import type { CID } from 'multiformats/cid'
import { CairnError, toCairnError } from '../base/errors.ts'
import { holding } from '../base/holding.ts'
import type { NameSource } from '../base/name-source.ts'
import type { Follow, Names } from './api.ts'
import type { ResolveDnslink } from './dnslink.ts'
import type { DagFetcher } from './fetch-dag.ts'
import { readIpnsName } from './ipns-name.ts'
import { parseRecordValue, type RecordTarget } from './record-value.ts'

/** Names that lead to names, and keys that gave way to keys, at most. */
const chainLength = 16
/** Sources that have not answered by then are left out. */
const askMs = 10_000

export interface RefreshOptions {
  readonly names: Names
  readonly sources: readonly NameSource[]
  /** Undefined where DNS is not to be asked. */
  readonly dnslink: ResolveDnslink | undefined
  readonly fetcher: DagFetcher
  /** A name stands elsewhere now. */
  readonly moved?: () => void
}

/** Records that are newer by the time the root they lead to is here are followed instead, so many times. */
const rounds = 8

export interface ShowOptions {
  /** Names of which a record is held are not asked for: it was brought just now. */
  readonly told?: boolean
}

type Target = Pick<Follow, 'target'>

/**
 * Asks where followed names stand and brings the roots of their content here. What is shown moves only
 * when the new root block is here; what cannot be had leaves what was. Any number may go on at a time.
 */
export class Refresher {
  readonly #options: RefreshOptions

  constructor(options: RefreshOptions) {
    this.#options = options
  }

  /** `show`, and then `keep`. True if the name moved. Throws as both, and why nothing newer was told. */
  async refresh(follow: Target, signal: AbortSignal): Promise<boolean> {
    const { moved, problem } = await this.show(follow, signal)
    await this.keep(follow, signal)
    if (problem !== undefined) throw problem
    return moved
  }

  /**
   * Has the name stand where it leads now, by the record that is held if nobody tells a newer one. Writes down how
   * it went; throws `missing`, `upstream`, `mismatch` and so on.
   */
  async show(
    { target }: Target,
    signal: AbortSignal,
    { told = false }: ShowOptions = {}
  ): Promise<Brought> {
    try {
      // What is brought here is kept from collection until the name stands at it.
      const brought = await holding(() => this.#bring(target, signal, told))
      this.#options.names.refreshed.note(target, brought.problem?.message)
      return brought
    } catch (cause) {
      throw this.#failed(target, cause, signal)
    }
  }

  /** Brings all that it stands at here, if that is wanted and was not done. Writes down what went wrong, and throws it. */
  async keep({ target }: Target, signal: AbortSignal): Promise<void> {
    const { names, fetcher } = this.#options
    const follow = names.follows().find(each => each.target === target)
    const cid = follow?.cid
    if (follow?.whole !== true || cid === undefined || follow.kept?.equals(cid) === true) return
    try {
      await holding(async () => {
        await fetcher.whole(cid, signal)
        names.refreshed.keep(target, cid)
      })
    } catch (cause) {
      throw this.#failed(target, cause, signal)
    }
  }

  #failed(target: string, cause: unknown, signal: AbortSignal): CairnError {
    signal.throwIfAborted()
    const error = toCairnError(cause)
    this.#options.names.refreshed.note(target, error.message)
    return error
  }

  /** Asks all sources for a name and offers what they have. Throws why there was nothing to take, if nobody had it. */
  async ask(name: string, signal: AbortSignal): Promise<void> {
    const { sources, names } = this.#options
    const problems: CairnError[] = []
    let good = 0
    const until = AbortSignal.any([signal, AbortSignal.timeout(askMs)])
    await Promise.all(
      sources.map(async source => {
        try {
          for (const bytes of await source.ask(name, until)) {
            const taken = names.take(name, bytes)
            if (taken === 'newer' || taken === 'same') good++
            else problems.push(refused(source.label, taken))
          }
        } catch (cause) {
          const { code, message } = toCairnError(cause)
          problems.push(new CairnError(code, `${source.label}: ${message}`))
        }
      })
    )
    signal.throwIfAborted()
    if (good > 0) return
    const [first] = problems
    if (first === undefined) {
      throw new CairnError('upstream', `nobody who was asked has a record of ${name}`)
    }
    const messages = [...new Set(problems.map(({ message }) => message))]
    throw new CairnError(first.code, messages.join('; '))
  }

  async #bring(target: string, signal: AbortSignal, told: boolean): Promise<Brought> {
    const { names, fetcher, moved: tell = () => {} } = this.#options
    for (let round = 1; ; round++) {
      const led = await this.#lead(target, signal, told || round > 1)
      const { found, reason, problem } = led
      try {
        const cid = await fetcher.walk(found.cid, found.path, signal)
        if (round < rounds && this.#isBehind(led)) continue
        const moved = names.refreshed.stand(target, cid, reason)
        if (moved) tell()
        return { moved, problem }
      } catch (cause) {
        if (round === rounds || signal.aborted || !this.#isBehind(led)) throw cause
      }
    }
  }

  /** Whether a newer record was taken since: what it led to must not take the place of what that leads to. */
  #isBehind({ by }: Led): boolean {
    const { names } = this.#options
    return [...by].some(([name, record]) => {
      const held = names.record(name)
      return held !== undefined && Buffer.compare(held.bytes, record) !== 0
    })
  }

  /** From the target to content, over domains, keys and their successors. */
  async #lead(target: string, signal: AbortSignal, told: boolean): Promise<Led> {
    const { names } = this.#options
    const followed = names.follows().find(each => each.target === target)
    if (followed === undefined) throw new CairnError('not-found', `${target} is not followed`)
    const isKey = readIpnsName(target) !== undefined
    let at = parseRecordValue(`/ipns/${(isKey ? followed.name : undefined) ?? target}`)
    let reason = 'DNSLink'
    let problem: CairnError | undefined
    const path: string[] = []
    const by = new Map<string, Uint8Array>()
    for (let step = 0; step < chainLength; step++) {
      if (at.kind === 'content') {
        return { found: { cid: at.cid, path: [...at.path, ...path] }, reason, problem, by }
      }
      path.unshift(...at.path)
      if (at.kind === 'domain') {
        at = await this.#ofDomain(at.domain, signal)
        if (step === 0) names.refreshed.lead(target, at.kind === 'name' ? at.name : undefined)
        continue
      }
      const said = await this.#ofName(at.name, signal, told)
      by.set(at.name, said.record)
      problem ??= said.problem
      reason = said.reason
      at = said.next
    }
    throw new CairnError('loop', `${target} leads over more than ${chainLength} names`)
  }

  async #ofDomain(domain: string, signal: AbortSignal): Promise<RecordTarget> {
    const { dnslink } = this.#options
    if (dnslink !== undefined) return parseRecordValue(await dnslink(domain, signal))
    throw new CairnError('upstream', `${domain} is not looked up: the network is off for DNS`)
  }

  /** What is held still counts where nobody answers, or what they have is refused. */
  async #ofName(name: string, signal: AbortSignal, told: boolean): Promise<Said> {
    const { names } = this.#options
    let problem: CairnError | undefined
    try {
      if (!told || names.record(name) === undefined) await this.ask(name, signal)
    } catch (cause) {
      signal.throwIfAborted()
      problem = toCairnError(cause)
    }
    const held = names.record(name)
    if (held === undefined) {
      throw problem ?? new CairnError('not-found', `there is no record of ${name}`)
    }
    const next = parseRecordValue(
      held.successor === undefined ? held.value : `/ipns/${held.successor}`
    )
    return { next, reason: `record ${held.sequence}`, problem, record: held.bytes }
  }
}

export interface Brought {
  readonly moved: boolean
  /** Why nothing newer was told. */
  readonly problem: CairnError | undefined
}

interface Led {
  readonly found: { readonly cid: CID; readonly path: readonly string[] }
  readonly reason: string
  readonly problem: CairnError | undefined
  /** The records that led there, by their names. */
  readonly by: ReadonlyMap<string, Uint8Array>
}

interface Said {
  readonly next: RecordTarget
  readonly reason: string
  readonly problem: CairnError | undefined
  readonly record: Uint8Array
}

function refused(label: string, taken: 'older' | 'expired' | 'foreign' | 'unwanted'): CairnError {
  const why = {
    older: 'offers an older record than is held: refused',
    expired: 'offers a record past its end of life: refused',
    foreign: 'has a record of this key that was not made here',
    unwanted: 'offers a record of a name that nobody here follows'
  }
  return new CairnError('mismatch', `${label} ${why[taken]}`)
}
