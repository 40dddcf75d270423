import { existsSync } from 'node:fs'
import type { Database } from '../base/database.ts'
import type { CheckReport } from './api.ts'
import { BlockIndex, type LocatedBlock } from './block-index.ts'
import { readDescription } from './flat-description.ts'
import { hasMultihash, rawCidText } from './multihashes.ts'
import { BlockLocator } from './read-blocks.ts'
import { rebuildIndex } from './rebuild-index.ts'
import { isFlat, segmentName, segmentPath } from './segment-files.ts'

export interface CheckOptions {
  readonly segments: string
  /** With `storeMigrations` taken. */
  readonly database: Database
  /** First makes the index anew from the segments alone. */
  readonly rebuildIndex?: boolean
  /** Called now and then with the blocks verified so far, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void
}

/**
 * Verifies every indexed block, in memory of a fixed size, while others read and write. With
 * `rebuildIndex` the index comes from the segments first: what is damaged there is reported by its place
 * in the file, everything sound around it is indexed, and the old index stays in force until the new one is
 * whole. A block whose multihash cannot be read any more is reported without a CID.
 */
export function checkStore(options: CheckOptions): CheckReport {
  const index = new BlockIndex(options.database)
  const rebuilt = options.rebuildIndex
    ? rebuildIndex(index, options.segments)
    : { damaged: [], indexed: 0 }
  const checked = checkIndex(index, options.segments, options.onProgress)
  const seen = new Set(rebuilt.damaged.map(placeOf))
  const also = [...checked.damaged, ...undescribed(index, options.segments)]
  const damaged = [...rebuilt.damaged, ...also.filter(one => !seen.has(placeOf(one)))]
  return { blocks: checked.blocks, bytes: checked.bytes, damaged, indexed: rebuilt.indexed }
}

type Damaged = CheckReport['damaged'][number]

function placeOf({ segment, offset }: Damaged): string {
  return `${segment} ${offset}`
}

/** Flat segments of which the index could not be made anew: their blocks are whole as long as it is. */
function undescribed(index: BlockIndex, folder: string): Damaged[] {
  return index.segments().flatMap(({ id }) => {
    if (!isFlat(id) || !existsSync(segmentPath(folder, id))) return []
    const description = readDescription(folder, id)
    if (typeof description !== 'string') return []
    return [{ cid: '', segment: segmentName(id), offset: 0, why: description }]
  })
}

/** Rows of one page are read in the order of the disk. */
const pageRows = 16_384

function checkIndex(
  index: BlockIndex,
  folder: string,
  onProgress: CheckOptions['onProgress']
): { blocks: number; bytes: number; damaged: Damaged[] } {
  const locator = new BlockLocator(index, folder)
  const total = index.totals().blocks
  const damaged: Damaged[] = []
  let blocks = 0
  let bytes = 0
  try {
    for (const page of index.pages(pageRows)) {
      for (const block of page.sort(byPlace)) {
        const why = whyDamaged(block, locator, folder)
        if (why !== undefined && isStill(block, index)) damaged.push(describe(block, why))
        blocks++
        bytes += block.length
      }
      onProgress?.(blocks, total)
    }
  } finally {
    locator.close()
  }
  return { blocks, bytes, damaged }
}

function byPlace(one: LocatedBlock, other: LocatedBlock): number {
  return one.segment - other.segment || one.offset - other.offset
}

function whyDamaged(
  block: LocatedBlock,
  locator: BlockLocator,
  folder: string
): string | undefined {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(block.length).buffer)
  if (!locator.readAt(block, 0, bytes)) {
    const there = existsSync(segmentPath(folder, block.segment))
    return there ? 'it lies after the end of its segment' : 'its segment is not there'
  }
  return hasMultihash(bytes, block.multihash) ? undefined : 'the bytes do not have their hash'
}

/** A collection may have dropped the row since the page was read. */
function isStill(block: LocatedBlock, index: BlockIndex): boolean {
  const now = index.locate(block.multihash)
  return now?.segment === block.segment && now.offset === block.offset
}

function describe(block: LocatedBlock, why: string): Damaged {
  const { segment, offset, multihash } = block
  return { cid: rawCidText(multihash), segment: segmentName(segment), offset, why }
}
