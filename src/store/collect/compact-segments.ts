import { existsSync, rmSync, statfsSync, statSync, truncateSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { codec } from '../../base/blocks.ts'
import { carHeader } from '../../base/car.ts'
import { toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { removeFlat } from '../adopt-file.ts'
import { BlockAppender } from '../append-blocks.ts'
import type { LocatedBlock, SegmentRow } from '../block-index.ts'
import { finishAbandoned, type Place, syncFolder } from '../claim-segment.ts'
import { hasMultihash } from '../multihashes.ts'
import { isFlat, lockPath, SegmentFiles, segmentPath } from '../segment-files.ts'

export interface Compacted {
  readonly freedBytes: number
  readonly segments: number
  /** Room on the disk that the next step would need, in bytes; 0 if it was found. */
  readonly neededBytes: number
}

interface Victim {
  readonly id: number
  readonly bytes: number
  readonly liveBytes: number
  readonly liveBlocks: number
}

/** Copied before their old segments go: what compaction needs of room at once, unless one segment holds more. */
const waveBytes = 128 * 1024 * 1024
const waveBlocks = 65_536
/** Copied in one durable step. */
const stepBytes = 16 * 1024 * 1024
/** About what a record's head takes. */
const headBytes = 40
/** How long readers of an old snapshot are waited for. */
const readersMs = 5_000

/**
 * Deletes segments without a living block, then copies the living blocks of those that are at least a
 * third garbage into others and deletes them. The copies are on disk before the index names them, the index is
 * on disk, and nobody reads an older snapshot, before an old segment goes. Segments that somebody appends
 * to stay. Yields after each step with what came of it.
 */
export async function* compactSegments(place: Place): AsyncGenerator<Compacted> {
  for (const wave of waves(victimsOf(place))) {
    const liveBytes = wave.reduce((sum, victim) => sum + victim.liveBytes, 0)
    const neededBytes = liveBytes === 0 ? 0 : lackOf(place, liveBytes)
    if (neededBytes > 0) {
      yield { freedBytes: 0, segments: 0, neededBytes }
      return
    }
    if (liveBytes > 0 && !moveBlocks(place, wave)) {
      yield { freedBytes: 0, segments: 0, neededBytes: liveBytes }
      return
    }
    yield { ...(await removeEmptied(place, wave)), neededBytes: 0 }
  }
}

function victimsOf(place: Place): Victim[] {
  const living = new Map(
    place.index.database
      .statement(
        'SELECT segment, count(*) AS blocks, sum(length) AS bytes FROM blocks GROUP BY segment'
      )
      .all()
      .map(({ segment, blocks, bytes }) => [Number(segment), { blocks, bytes }])
  )
  const victims: Victim[] = []
  for (const row of place.index.segments()) {
    const use = living.get(row.id)
    const liveBlocks = Number(use?.blocks ?? 0)
    const liveBytes = Number(use?.bytes ?? 0)
    if (!isWorthwhile(row, liveBytes + liveBlocks * headBytes)) continue
    if (row.state === 'active' && !finishAbandoned(place, row.id)) continue
    victims.push({ id: row.id, bytes: row.bytes, liveBytes, liveBlocks })
  }
  return victims.sort((one, other) => one.liveBytes - other.liveBytes)
}

function isWorthwhile({ state, bytes }: SegmentRow, livingBytes: number): boolean {
  if (state === 'active' && bytes <= carHeader.length) return false
  return livingBytes === 0 || (bytes - carHeader.length - livingBytes) * 3 >= bytes
}

/** First those with nothing to copy: they make room. */
function* waves(victims: readonly Victim[]): IterableIterator<Victim[]> {
  const empty = victims.filter(({ liveBlocks }) => liveBlocks === 0)
  if (empty.length > 0) yield empty
  let wave: Victim[] = []
  let bytes = 0
  let blocks = 0
  for (const victim of victims.slice(empty.length)) {
    const full = bytes + victim.liveBytes > waveBytes || blocks + victim.liveBlocks > waveBlocks
    if (wave.length > 0 && full) {
      yield wave
      wave = []
      bytes = 0
      blocks = 0
    }
    wave.push(victim)
    bytes += victim.liveBytes
    blocks += victim.liveBlocks
  }
  if (wave.length > 0) yield wave
}

/** Room that copying so much needs and that is not there; what a disk keeps in reserve is not for this. */
function lackOf({ folder }: Place, liveBytes: number): number {
  const { blocks, bavail, bsize } = statfsSync(folder)
  const reserved = Math.min(limits.reservedBytes, (blocks * bsize) / 16)
  const needed = Math.ceil(liveBytes + reserved + limits.writeBatchBytes)
  return bavail * bsize < needed ? needed : 0
}

/** False if the disk became full: what was copied by then is in force. */
function moveBlocks(place: Place, wave: readonly Victim[]): boolean {
  const files = new SegmentFiles(place.folder)
  const mover = new Mover(place)
  try {
    for (const block of blocksOf(place, wave)) {
      const record = readRecord(files, block)
      if (record !== undefined) mover.add(record.code, block, record.bytes)
    }
    mover.commit('active')
    return true
  } catch (cause) {
    if (toCairnError(cause).code === 'no-space') return false
    throw cause
  } finally {
    mover.close()
    files.close()
  }
}

function blocksOf({ index }: Place, wave: readonly Victim[]): LocatedBlock[] {
  const rows = index.database
    .statement(
      'SELECT multihash, segment, offset, length FROM blocks WHERE segment IN (SELECT value FROM json_each(?))'
    )
    .all(JSON.stringify(wave.map(({ id }) => id))) as unknown as LocatedBlock[]
  return rows.sort((one, other) => one.segment - other.segment || one.offset - other.offset)
}

/** Undefined for one whose bytes are damaged: it stays where it is, for fsck to tell. */
function readRecord(
  files: SegmentFiles,
  { multihash, segment, offset, length }: LocatedBlock
): { code: number; bytes: Uint8Array } | undefined {
  const start = Math.max(0, offset - multihash.length - 1)
  const whole = new Uint8Array(offset - start + length)
  if (!existsSync(segmentPath(files.folder, segment))) return undefined
  if (files.read(segment, start, whole) < whole.length) return undefined
  const bytes = whole.subarray(offset - start)
  if (!hasMultihash(bytes, multihash)) return undefined
  if (isFlat(segment)) return { code: codec.raw, bytes }
  // The label before the multihash, where it is of one byte; it plays no part in finding a block.
  const label = whole[0] ?? codec.raw
  return { code: label < 0x80 ? label : codec.raw, bytes }
}

class Mover {
  readonly #place: Place
  readonly #appender: BlockAppender
  #bytes = 0

  constructor(place: Place) {
    this.#place = place
    this.#appender = new BlockAppender(place)
  }

  add(code: number, { multihash }: LocatedBlock, bytes: Uint8Array): void {
    if (this.#appender.isFull(bytes.length)) {
      this.commit('finished')
      this.#appender.finish()
    }
    this.#appender.append(code, multihash, bytes)
    this.#bytes += bytes.length
    if (this.#appender.isBatchFull || this.#bytes >= stepBytes) this.commit('active')
  }

  commit(state: 'active' | 'finished'): void {
    this.#appender.prepare(true)
    this.#place.index.database.write(() => this.#appender.move(state), { durable: true })
    this.#bytes = 0
  }

  close(): void {
    this.#appender.close()
  }
}

async function removeEmptied(
  place: Place,
  wave: readonly Victim[]
): Promise<{ freedBytes: number; segments: number }> {
  if (!(await readersMovedOn(place))) return { freedBytes: 0, segments: 0 }
  const living = new Set(blocksOf(place, wave).map(({ segment }) => segment))
  const emptied = wave.filter(({ id }) => !living.has(id))
  for (const { id } of emptied) {
    const path = segmentPath(place.folder, id)
    // A thread may have it open for long yet: its space is free at once, and who reads there looks again. With
    // another name it is shared (share-flat.ts), or also in a copy of the home, made by hard links.
    if (statSync(path, { throwIfNoEntry: false })?.nlink === 1) truncateSync(path)
    if (isFlat(id)) removeFlat(place.folder, id)
    else rmSync(path, { force: true })
    rmSync(lockPath(place.folder, id), { force: true })
  }
  // Their names go for good before their rows: a file without a row would be taken in again.
  syncFolder(place.folder)
  const forget = place.index.database.statement('DELETE FROM segments WHERE id = ?')
  place.index.database.write(() => {
    for (const { id } of emptied) forget.run(id)
  })
  return {
    freedBytes: emptied.reduce((sum, { bytes }) => sum + bytes, 0),
    segments: emptied.length
  }
}

/** True once all that was committed so far is on disk and no reader has an older snapshot. */
async function readersMovedOn({ index }: Place): Promise<boolean> {
  index.database.sync()
  const { frames: target } = index.database.checkpoint()
  for (let waitedMs = 0; waitedMs < readersMs; waitedMs += 10) {
    const { frames, folded } = index.database.checkpoint()
    if (frames < target || folded >= target) return true
    await wait(10)
  }
  return false
}
