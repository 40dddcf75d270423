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
}

/**
 * Asks where followed names stand and brings the roots of their content here. What is shown moves only
 * when the new root block is here; what cannot be had leaves what was.
 */
export class Refresher {
  readonly #options: RefreshOptions

  constructor(options: RefreshOptions) {
    this.#options = options
  }

  /** True if the name moved. Writes down how it went; throws `missing`, `upstream`, `mismatch` and so on. */
  async refresh({ target }: Pick<Follow, 'target'>, signal: AbortSignal): Promise<boolean> {
    const { names } = this.#options
    try {
      const moved = await this.#follow(target, signal)
      names.refreshed.note(target, undefined)
      return moved
    } catch (cause) {
      signal.throwIfAborted()
      const error = toCairnError(cause)
      names.refreshed.note(target, error.message)
      throw error
    }
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

  /** What is brought here is kept from collection until the name stands at it. */
  #follow(target: string, signal: AbortSignal): Promise<boolean> {
    return holding(() => this.#bring(target, signal))
  }

  async #bring(target: string, signal: AbortSignal): Promise<boolean> {
    const { names, fetcher } = this.#options
    const { found, reason, problem } = await this.#lead(target, signal)
    const cid = await fetcher.walk(found.cid, found.path, signal)
    const moved = names.refreshed.stand(target, cid, reason)
    await this.#keepWhole(target, cid, signal)
    if (problem !== undefined) throw problem
    return moved
  }

  async #keepWhole(target: string, cid: CID, signal: AbortSignal): Promise<void> {
    const { names, fetcher } = this.#options
    const follow = names.follows().find(each => each.target === target)
    if (follow?.whole !== true || follow.kept?.equals(cid) === true) return
    await fetcher.whole(cid, signal)
    names.refreshed.keep(target, cid)
  }

  /** From the target to content, over domains, keys and their successors. */
  async #lead(target: string, signal: AbortSignal): Promise<Led> {
    const { names } = this.#options
    const followed = names.follows().find(each => each.target === target)
    if (followed === undefined) throw new CairnError('not-found', `${target} is not followed`)
    const isKey = readIpnsName(target) !== undefined
    let at = parseRecordValue(`/ipns/${(isKey ? followed.name : undefined) ?? target}`)
    let reason = 'DNSLink'
    let problem: CairnError | undefined
    const path: string[] = []
    for (let step = 0; step < chainLength; step++) {
      if (at.kind === 'content') {
        return { found: { cid: at.cid, path: [...at.path, ...path] }, reason, problem }
      }
      path.unshift(...at.path)
      if (at.kind === 'domain') {
        at = await this.#ofDomain(at.domain, signal)
        if (step === 0) names.refreshed.lead(target, at.kind === 'name' ? at.name : undefined)
        continue
      }
      const told = await this.#ofName(at.name, signal)
      problem ??= told.problem
      reason = told.reason
      at = told.next
    }
    throw new CairnError('loop', `${target} leads over more than ${chainLength} names`)
  }

  async #ofDomain(domain: string, signal: AbortSignal): Promise<RecordTarget> {
    const { dnslink } = this.#options
    if (dnslink !== undefined) return parseRecordValue(await dnslink(domain, signal))
    throw new CairnError('upstream', `${domain} is not looked up: the network is off for DNS`)
  }

  /** What is held still counts where nobody answers, or what they have is refused. */
  async #ofName(name: string, signal: AbortSignal): Promise<Told> {
    const { names } = this.#options
    let problem: CairnError | undefined
    try {
      await this.ask(name, signal)
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
    return { next, reason: `record ${held.sequence}`, problem }
  }
}

interface Led {
  readonly found: { readonly cid: CID; readonly path: readonly string[] }
  readonly reason: string
  readonly problem: CairnError | undefined
}

interface Told {
  readonly next: RecordTarget
  readonly reason: string
  readonly problem: CairnError | undefined
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
