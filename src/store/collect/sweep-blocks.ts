import type { BlockIndex, LocatedBlock } from '../block-index.ts'
import type { Reachable } from './mark-reachable.ts'
import type { WriteBarrier } from './write-barrier.ts'

/** Rows looked at in one step, and dropped in one transaction: a few milliseconds in which other writers wait. */
const pageRows = 2048

export interface Swept {
  readonly seen: number
  readonly blocks: number
  readonly bytes: number
}

type Row = Pick<LocatedBlock, 'multihash' | 'length'>

/** What no root leads to and nobody living can count on, page by page; nothing is dropped. */
export function* unreachable(
  index: BlockIndex,
  reachable: Reachable,
  before: number
): IterableIterator<{ readonly seen: number; readonly garbage: readonly Row[] }> {
  const statement = index.database.statement(
    'SELECT multihash, length, generation FROM blocks WHERE multihash > ? ORDER BY multihash LIMIT ?'
  )
  let after: Uint8Array = new Uint8Array(0)
  for (;;) {
    const page = statement.all(after, pageRows) as unknown as Array<Row & { generation: number }>
    const last = page.at(-1)
    if (last === undefined) return
    const garbage = page.filter(
      ({ multihash, generation }) => generation < before && !reachable.has(multihash)
    )
    yield { seen: page.length, garbage }
    after = last.multihash
  }
}

/**
 * Drops the rows of what no root leads to, of generations before `before`. What a root was led to meanwhile is
 * marked first, in the same transaction: so none of it goes. Yields after each transaction.
 */
export function* sweepBlocks(
  index: BlockIndex,
  reachable: Reachable,
  barrier: WriteBarrier,
  before: number
): IterableIterator<Swept> {
  const drop = index.database.statement('DELETE FROM blocks WHERE multihash = ? AND generation < ?')
  for (const { seen, garbage } of unreachable(index, reachable, before)) {
    let blocks = 0
    let bytes = 0
    if (garbage.length > 0) {
      markNews(reachable, barrier)
      index.database.write(() => {
        markNews(reachable, barrier)
        for (const { multihash, length } of garbage) {
          if (reachable.has(multihash) || drop.run(multihash, before).changes === 0) continue
          blocks++
          bytes += length
        }
      })
    }
    yield { seen, blocks, bytes }
  }
}

function markNews(reachable: Reachable, barrier: WriteBarrier): void {
  for (const _ of reachable.mark(barrier.news()));
}
