import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { currentOperation, type Operation } from '../base/holding.ts'
import type { BlockIndex } from './block-index.ts'
import { type OwnerLock, takeOwnerLock } from './owner-lock.ts'

/**
 * What keeps blocks that no row names yet from collection: lock files whose names say the store's
 * generation at the time, held by whoever writes. A collection drops nothing of that generation or a later
 * one. Dead holders hold nothing, however they died.
 *
 * It is enough to take one before an operation's first block: a row gets the generation of the flush that
 * writes it, so a collection that began before the lock file was there has an older bound anyway.
 */
export class Holds {
  readonly #folder: string
  readonly #index: BlockIndex
  /** Until the store is closed. */
  #whole: (() => void) | undefined
  readonly #parts = new Map<Operation, () => void>()

  constructor(segments: string, index: BlockIndex) {
    this.#folder = holdsFolder(segments)
    this.#index = index
  }

  /** To be called before a block is looked for or written. */
  beforeBlock(): void {
    if (this.#whole !== undefined) return
    const operation = currentOperation()
    if (operation === undefined || operation.ended) {
      this.#whole = this.#take()
      return
    }
    for (let one: Operation | undefined = operation; one !== undefined; one = one.parent) {
      if (!one.ended && !this.#parts.has(one)) this.#hold(one)
    }
  }

  #hold(operation: Operation): void {
    this.#parts.set(operation, this.#take())
    operation.onEnd(() => {
      this.#parts.get(operation)?.()
      this.#parts.delete(operation)
    })
  }

  #take(): () => void {
    mkdirSync(this.#folder, { recursive: true })
    for (;;) {
      const name = `${this.#index.generation()}-${randomBytes(8).toString('hex')}`
      const path = join(this.#folder, name)
      const lock = takeOwnerLock(path)
      if (lock === undefined) continue
      if (existsSync(path)) return () => drop(path, lock)
      // A collection took it for a dead holder's before it was locked.
      lock.release()
    }
  }

  close(): void {
    this.#whole?.()
    this.#whole = undefined
    for (const release of this.#parts.values()) release()
    this.#parts.clear()
  }
}

function drop(path: string, lock: OwnerLock): void {
  lock.release()
  rmSync(path, { force: true })
}

function holdsFolder(segments: string): string {
  return join(segments, 'holds')
}

/** The generation of the oldest hold that somebody living has; removes those of the dead. */
export function oldestHold(segments: string): number | undefined {
  const folder = holdsFolder(segments)
  if (!existsSync(folder)) return undefined
  let oldest: number | undefined
  for (const name of readdirSync(folder)) {
    const generation = Number(/^(\d+)-[0-9a-f]{16}$/.exec(name)?.[1] ?? Number.NaN)
    if (Number.isNaN(generation) || isDead(join(folder, name))) continue
    oldest = Math.min(oldest ?? generation, generation)
  }
  return oldest
}

function isDead(path: string): boolean {
  if (!existsSync(path)) return true
  const lock = takeOwnerLock(path)
  if (lock === undefined) return false
  drop(path, lock)
  return true
}
