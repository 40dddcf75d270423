import type { Database } from './database.ts'

/**
 * What was read of the database, kept while nobody commits anything to it; at most so many entries, and
 * so many characters of their keys: who asks chooses those. */
export class WhileUnchanged<T> {
  readonly #database: Pick<Database, 'version'>
  readonly #entries: number
  readonly #keyLengths: number
  readonly #kept = new Map<string, T>()
  #length = 0
  #version: number | undefined

  constructor(database: Pick<Database, 'version'>, entries: number, keyLengths = entries * 256) {
    this.#database = database
    this.#entries = entries
    this.#keyLengths = keyLengths
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

  /** Keeps what was read after `version` was asked for, unless that has changed since. */
  keep(key: string, value: T, version: number | undefined): void {
    if (version === undefined || this.version() !== version) return
    if (key.length > this.#keyLengths) return
    const isFull = this.#kept.size >= this.#entries || this.#length + key.length > this.#keyLengths
    if (isFull) this.#clear()
    this.#length += this.#kept.has(key) ? 0 : key.length
    this.#kept.set(key, value)
  }

  #clear(): void {
    this.#kept.clear()
    this.#length = 0
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
