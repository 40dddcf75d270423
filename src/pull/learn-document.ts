import { setImmediate as turn } from 'node:timers/promises'
import { ByteBudget } from '../base/byte-budget.ts'
import { limits } from '../base/limits.ts'
import type { Adapter, Learned, LearnItem } from './adapter.ts'
import type { Catalog, LearnSource } from './api.ts'
import { bounds } from './bounds.ts'

/** A document to learn from. */
export interface DocumentToLearn {
  readonly name: string
  readonly item: LearnItem
  readonly source: LearnSource
  readonly bytes: AsyncIterable<Uint8Array>
}

/**
 * Brings what a document says into the catalog, a batch a transaction and other work between; seen
 * all at once at the end. A document that says nothing changes nothing. Returns the entries. Throws
 * `file-too-large` over `limits.documentBytes`, and the signal's reason.
 */
export async function learnDocument(
  catalog: Catalog,
  adapter: Adapter,
  { name, item, source, bytes }: DocumentToLearn,
  signal: AbortSignal
): Promise<number> {
  if (adapter.learn === undefined) return 0
  const budget = new ByteBudget(limits.documentBytes, item.key)
  const entries = adapter.learn(item, budget.pass(bytes, signal), signal)
  const batches = gather(entries, bounds.learnBatch)
  let count = 0
  let learning: ReturnType<Catalog['learn']> | undefined
  for await (const batch of batches) {
    signal.throwIfAborted()
    learning ??= catalog.learn(name, source)
    learning.add(batch)
    count += batch.length
    await turn()
  }
  learning?.commit()
  return count
}

async function* gather(
  entries: AsyncIterable<Learned>,
  size: number
): AsyncGenerator<readonly Learned[]> {
  let batch: Learned[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < size) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
