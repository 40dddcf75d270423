import { setImmediate as turn } from 'node:timers/promises'
import { CairnError } from '../base/errors.ts'
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
 * all at once at the end. A document that says nothing changes nothing. Returns the entries.
 */
export async function learnDocument(
  catalog: Catalog,
  adapter: Adapter,
  { name, item, source, bytes }: DocumentToLearn,
  signal: AbortSignal
): Promise<number> {
  if (adapter.learn === undefined) return 0
  const batches = gather(adapter.learn(item, bounded(bytes, item.key)), bounds.learnBatch)
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

async function* bounded(bytes: AsyncIterable<Uint8Array>, key: string): AsyncGenerator<Uint8Array> {
  let total = 0
  for await (const piece of bytes) {
    total += piece.length
    if (total > limits.documentBytes) {
      throw new CairnError('file-too-large', `${key} is too long to be read as an index`)
    }
    yield piece
  }
}
