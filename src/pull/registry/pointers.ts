import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'
import { type Digest, Digester, digestFromHex } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { FetchUpstream } from '../api.ts'
import { bounds, defaultPatience } from '../bounds.ts'
import { meaningOf } from '../decide.ts'
import type { Patience } from '../open.ts'
import { Remembered } from '../remembered.ts'
import type { Pointed, Pointer, Pointers } from './api.ts'

export interface PointersOptions {
  /** `registryMigrations` have run. */
  readonly database: Database
  readonly fetchUpstream: FetchUpstream
  readonly clock: Clock
  readonly patience?: Partial<Patience>
}

export function openPointers(options: PointersOptions): Pointers {
  return new DatabasePointers(options)
}

interface Heard {
  readonly digest: Digest
  readonly validatedMs: number
}

class DatabasePointers implements Pointers {
  readonly #options: PointersOptions
  readonly #patience: Patience
  readonly #asking = new Map<string, Promise<Digest>>()
  readonly #notFound = new Remembered(bounds.negativeEntries)
  readonly #resting = new Remembered(bounds.negativeEntries)

  constructor(options: PointersOptions) {
    this.#options = options
    this.#patience = { ...defaultPatience, ...options.patience }
  }

  async resolve(pointer: Pointer, { signal }: { signal?: AbortSignal } = {}): Promise<Pointed> {
    const { key } = pointer
    const heard = this.#heard(key)
    const nowMs = this.#options.clock.nowMs()
    if (heard !== undefined) {
      const ageMs = nowMs - heard.validatedMs
      if (ageMs >= 0 && ageMs < pointer.maxAgeMs) return { digest: heard.digest, from: 'store' }
      if (this.#resting.has(new URL(pointer.url).origin, nowMs)) {
        return { digest: heard.digest, from: 'stale' }
      }
    }
    if (this.#notFound.has(key, nowMs)) {
      throw new CairnError('not-found', `${pointer.url}: not found upstream a moment ago`)
    }
    try {
      const digest = await untilAborted(this.#askOnce(pointer, heard), signal)
      return { digest, from: 'upstream' }
    } catch (cause) {
      return this.#afterFailure(pointer, heard, toCairnError(cause))
    }
  }

  known(prefix: string): string[] {
    const rows = this.#options.database
      .statement('SELECT key FROM registry_pointers WHERE key >= ? AND key < ? ORDER BY key')
      .all(`${prefix}/`, `${prefix}0`)
    return rows
      .map(row => (row.key as string).slice(prefix.length + 1))
      .filter(rest => !rest.includes('/'))
  }

  #heard(key: string): Heard | undefined {
    const sql = 'SELECT digest, validated_ms AS validatedMs FROM registry_pointers WHERE key = ?'
    return this.#options.database.statement(sql).get(key) as unknown as Heard | undefined
  }

  #afterFailure(pointer: Pointer, heard: Heard | undefined, error: CairnError): Pointed {
    const nowMs = this.#options.clock.nowMs()
    if (error.code === 'not-found') {
      this.#notFound.add(pointer.key, nowMs + limits.negativeMs)
      this.#run('DELETE FROM registry_pointers WHERE key = ?', pointer.key)
    }
    if (error.code === 'not-found' || error.code === 'aborted') throw error
    this.#resting.add(new URL(pointer.url).origin, nowMs + bounds.upstreamRestMs)
    if (heard === undefined) throw error
    return { digest: heard.digest, from: 'stale' }
  }

  #askOnce(pointer: Pointer, heard: Heard | undefined): Promise<Digest> {
    const running = this.#asking.get(pointer.key)
    if (running !== undefined) return running
    const work = this.#move(pointer, heard).finally(() => this.#asking.delete(pointer.key))
    this.#asking.set(pointer.key, work)
    work.catch(() => {})
    return work
  }

  async #move(pointer: Pointer, heard: Heard | undefined): Promise<Digest> {
    const digest = await this.#ask(pointer, heard)
    if (digest !== heard?.digest) await this.#take(pointer, digest)
    const sql = 'INSERT OR REPLACE INTO registry_pointers VALUES (?, ?, ?)'
    this.#run(sql, pointer.key, digest, this.#options.clock.nowMs())
    this.#resting.delete(new URL(pointer.url).origin)
    return digest
  }

  /** An upstream that names what it does not have has failed: the name itself is there. */
  async #take({ url, take }: Pointer, digest: Digest): Promise<void> {
    try {
      await take(digest)
    } catch (cause) {
      const error = toCairnError(cause)
      if (error.code !== 'not-found') throw error
      throw new CairnError('upstream', `${url} is ${digest}, which the upstream has not`, { cause })
    }
  }

  async #ask(pointer: Pointer, heard: Heard | undefined): Promise<Digest> {
    const { headMs, staleHeadMs } = this.#patience
    const signal = AbortSignal.timeout(heard === undefined ? headMs : staleHeadMs)
    try {
      return (await this.#byHead(pointer, signal)) ?? (await this.#byBody(pointer, signal))
    } catch (cause) {
      if (cause instanceof CairnError) throw cause
      const code = signal.aborted ? 'timeout' : 'upstream'
      throw new CairnError(code, `${pointer.url}: ${toCairnError(cause).message}`, { cause })
    }
  }

  /** Undefined: the upstream answers HEAD, or names digests, not at all. */
  async #byHead({ url, headers }: Pointer, signal: AbortSignal): Promise<Digest | undefined> {
    const fetchUpstream = this.#options.fetchUpstream
    const { status, headers: said } = await fetchUpstream(url, { method: 'HEAD', headers, signal })
    if (status === 405 || status === 501) return undefined
    refuseFailure(url, status)
    return digestIn(said)
  }

  async #byBody({ url, headers }: Pointer, signal: AbortSignal): Promise<Digest> {
    const { status, body } = await this.#options.fetchUpstream(url, { headers, signal })
    refuseFailure(url, status)
    const digester = new Digester(['sha256'])
    let bytes = 0
    for await (const piece of body ?? []) {
      digester.update(piece)
      bytes += piece.length
      if (bytes > limits.manifestBytes) {
        throw new CairnError('upstream', `${url}: a manifest of more than ${bytes} bytes`)
      }
    }
    return digester.finish()[0] as Digest
  }

  #run(sql: string, ...values: Array<string | number>): void {
    const { database } = this.#options
    database.write(() => database.statement(sql).run(...values))
  }
}

function refuseFailure(url: string, status: number): void {
  const meaning = meaningOf(status)
  if (meaning === 'body') return
  const said = `${url}: the upstream answered ${status}`
  throw new CairnError(meaning === 'not-found' ? 'not-found' : 'upstream', said)
}

function digestIn(headers: Headers): Digest | undefined {
  const header = headers.get('docker-content-digest') ?? ''
  const [, algorithm, hex = ''] = /^(sha256|sha512):([0-9a-f]+)$/.exec(header.trim()) ?? []
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return undefined
  return digestFromHex(algorithm, hex)
}
