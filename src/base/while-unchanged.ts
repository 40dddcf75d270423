import type { Database } from './database.ts'

/** How much is kept; what is beyond makes room by forgetting all of it. */
export interface KeptBounds<T> {
  readonly entries: number
  /** Of all entries together; by default 256 for each. */
  readonly bytes?: number
  /** What one takes in memory, its key included; by default the key alone: who asks chooses those. */
  readonly bytesOf?: (key: string, value: T) => number
}

/** What was read of the database, kept while nobody commits anything to it. */
export class WhileUnchanged<T> {
  readonly #database: Pick<Database, 'version'>
  readonly #entries: number
  readonly #mostBytes: number
  readonly #bytesOf: (key: string, value: T) => number
  readonly #kept = new Map<string, T>()
  #bytes = 0
  #version: number | undefined

  constructor(database: Pick<Database, 'version'>, bounds: KeptBounds<T>) {
    this.#database = database
    this.#entries = bounds.entries
    this.#mostBytes = bounds.bytes ?? bounds.entries * 256
    this.#bytesOf = bounds.bytesOf ?? (key => key.length)
  }

  /** The version that `find` looks at, and that what is read next is of; undefined: nothing can be kept. */
  version(): number | undefined {
    const version = this.#database.version()
    if (version !== this.#version || version === undefined) this.#clear()
    this.#version = version
    return version
  }

  find(key: string): T | undefined {
    return this.version() === undefined ? undefined : this.#kept.get(key)
  }

  /** Keeps what was read after `version` was asked for, unless that has changed since, or it is longer than all may be. */
  keep(key: string, value: T, version: number | undefined): void {
    if (version === undefined || this.version() !== version) return
    const bytes = this.#bytesOf(key, value)
    this.#forget(key)
    if (bytes > this.#mostBytes) return
    if (this.#kept.size >= this.#entries || this.#bytes + bytes > this.#mostBytes) this.#clear()
    this.#kept.set(key, value)
    this.#bytes += bytes
  }

  #forget(key: string): void {
    const old = this.#kept.get(key)
    if (old === undefined) return
    this.#kept.delete(key)
    this.#bytes -= this.#bytesOf(key, old)
  }

  #clear(): void {
    this.#kept.clear()
    this.#bytes = 0
  }

  /** As kept, or read now; `read` must not wait. */
  get(key: string, read: () => T): T {
    const known = this.find(key)
    if (known !== undefined) return known
    const version = this.#version
    const value = read()
    this.keep(key, value, version)
    return value
  }
}
