import type { Clock } from '../base/clock.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { NameSource } from '../base/name-source.ts'
import type { Names } from './api.ts'
import type { ResolveDnslink } from './dnslink.ts'
import { compareRecords } from './judge-record.ts'
import { decodeRecord, type IpnsRecord } from './record.ts'
import { parseRecordValue, type RecordTarget } from './record-value.ts'

/** Names that lead to names, at most. */
const chainLength = 16
/** Sources that have not answered by then are left out. */
const askMs = 10_000

export interface ResolveOptions {
  readonly names: Pick<Names, 'find' | 'record'>
  readonly sources: readonly NameSource[]
  /** Undefined where DNS is not to be asked. */
  readonly dnslink: ResolveDnslink | undefined
  readonly clock: Clock
}

export interface Resolved {
  /** `/ipfs/<cid>[/path]`. */
  readonly path: string
  /** Whether it is published or followed here: nobody was asked then. */
  readonly known: boolean
}

/**
 * Where any name, alias or domain stands, for once: nothing is stored and nothing followed. Of what is
 * offered the newest counts that is signed and in force. Throws `usage`, `upstream`, `invalid`, `loop`.
 */
export async function resolveName(
  text: string,
  options: ResolveOptions,
  signal: AbortSignal
): Promise<Resolved> {
  const bare = text.replace(/^\/ipns\//, '').replace(/\/$/, '')
  const shown = options.names.find(bare)?.place.cid
  if (shown !== undefined) return { path: `/ipfs/${shown}`, known: true }
  let at = targetOf(bare)
  const below: string[] = []
  for (let step = 0; step < chainLength; step++) {
    below.unshift(...at.path)
    if (at.kind === 'content') {
      return { path: ['/ipfs', at.cid, ...below.map(checkPart)].join('/'), known: false }
    }
    at = parseRecordValue(await nextOf(at, options, signal))
  }
  throw new CairnError('loop', `${bare} leads over more than ${chainLength} names`)
}

function targetOf(text: string): RecordTarget {
  try {
    return parseRecordValue(`/ipns/${text}`)
  } catch (cause) {
    const shown = JSON.stringify(text.slice(0, 120))
    throw new CairnError('usage', `${shown} is neither the name of a key nor a domain`, { cause })
  }
}

/** Strangers sign paths too: they are shown in terminals and given to other programs. */
function checkPart(part: string): string {
  if (part !== '.' && part !== '..' && !/\p{Cc}/u.test(part)) return part
  throw new CairnError(
    'invalid',
    `the name leads to ${JSON.stringify(part.slice(0, 200))}, which is no part of a path`
  )
}

async function nextOf(
  at: Exclude<RecordTarget, { kind: 'content' }>,
  options: ResolveOptions,
  signal: AbortSignal
): Promise<string> {
  if (at.kind === 'name') {
    const { value, successor } = await newestOf(at.name, options, signal)
    return successor === undefined ? value : `/ipns/${successor}`
  }
  if (options.dnslink !== undefined) return await options.dnslink(at.domain, signal)
  throw new CairnError('upstream', `${at.domain} is not looked up: the network is off for DNS`)
}

async function newestOf(
  name: string,
  { names, sources, clock }: ResolveOptions,
  signal: AbortSignal
): Promise<IpnsRecord> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(askMs)])
  const held = names.record(name)
  const offered = await Promise.allSettled(
    sources.map(source => source.ask(name, until, { once: true }))
  )
  signal.throwIfAborted()
  const problems = new Set<string>()
  const records: IpnsRecord[] = []
  const take = (bytes: Uint8Array) => {
    try {
      const record = decodeRecord(name, bytes)
      if (record.endMs > clock.nowMs()) records.push(record)
      else problems.add('a record is past its end of life')
    } catch (cause) {
      problems.add(toCairnError(cause).message)
    }
  }
  if (held !== undefined) take(held.bytes)
  for (const answer of offered) {
    if (answer.status === 'fulfilled') for (const bytes of answer.value) take(bytes)
    else problems.add(toCairnError(answer.reason).message)
  }
  const [newest] = records.toSorted((one, other) => compareRecords(other, one))
  if (newest !== undefined) return newest
  const why = problems.size === 0 ? 'nobody who was asked has one' : [...problems].join('; ')
  throw new CairnError('upstream', `there is no record of ${name}: ${why}`)
}
