import {
  bucketAt,
  extensionBytes,
  extensionLinkWord,
  field,
  flag,
  header,
  type InodeMemory,
  inlineBytes,
  recordAt,
  shortenedBytes
} from '../../../src/vfs/frozen/inode-memory.ts'

export interface InodeCensus {
  readonly inodes: number
  readonly lookups: number
  readonly idle: number
  readonly records: number
}

const root = 1

/**
 * Walks all of a table's memory while nobody uses it, and throws on the first thing that is not as
 * it must be: every record is an inode in its bucket's chain, or an extension of one, or free.
 */
export function takeCensus({ records }: InodeMemory): InodeCensus {
  const words = new Uint32Array(records)
  const word = (index: number, name: number): number =>
    words[recordAt(index) + name] ?? fail(index, 'lies outside')
  const records_ = words[header.fresh]! - 1
  const inodes = new Set<number>()
  for (let i = root; i <= records_; i++)
    if (((word(i, field.mode) >>> flag.kindShift) & flag.kindMask) !== 0) inodes.add(i)
  if (inodes.size !== words[header.known])
    fail(0, `${inodes.size} inodes, not ${words[header.known]}`)
  const idle = checkIdleQueue(words, word, inodes)
  const children = new Map<number, number>()
  const accounted = new Set(inodes)
  let lookups = 0
  for (const index of inodes) {
    const parent = word(index, field.parent)
    if (index !== root && parent !== 0) children.set(parent, (children.get(parent) ?? 0) + 1)
    if (index !== root) lookups += word(index, field.lookups)
    if (index !== root && chainCount(words, word, index) !== 1)
      fail(index, 'is not once in its chain')
    claimExtensions(word, index, accounted)
  }
  for (const index of inodes) {
    if (word(index, field.children) !== (children.get(index) ?? 0))
      fail(index, 'miscounts its children')
    const resting =
      index !== root && word(index, field.lookups) === 0 && word(index, field.children) === 0
    if (resting && !idle.has(index)) fail(index, 'is idle but not queued')
  }
  for (let i = words[header.freeExtensions]!; i !== 0; i = word(i, 0)) claim(accounted, i)
  if (accounted.size !== records_) fail(0, `${records_ - accounted.size} records are lost`)
  return { inodes: inodes.size, lookups, idle: idle.size, records: records_ }
}

type Word = (index: number, name: number) => number

function checkIdleQueue(words: Uint32Array, word: Word, inodes: Set<number>): Set<number> {
  const queued = new Set<number>()
  let last = 0
  for (let i = words[header.idleHead]!; i !== 0; i = word(i, field.idleNext)) {
    if (queued.has(i)) fail(i, 'is queued twice')
    if (!inodes.has(i)) fail(i, 'is queued but no inode')
    if ((word(i, field.mode) & flag.idle) === 0) fail(i, 'is queued without its flag')
    queued.add(i)
    last = i
  }
  if (queued.size !== words[header.idleLength]) fail(0, 'the idle queue has another length')
  if (last !== words[header.idleTail]) fail(last, 'is last but not the tail')
  return queued
}

function chainCount(words: Uint32Array, word: Word, index: number): number {
  let count = 0
  for (let i = words[bucketAt(word(index, field.hash))]!; i !== 0; i = word(i, field.chain)) {
    if (i === index) count++
  }
  return count
}

function claimExtensions(word: Word, index: number, accounted: Set<number>): void {
  const length = word(index, field.mode) >>> flag.lengthShift
  if (length <= inlineBytes) return
  let next = word(index, extensionLinkWord)
  for (let left = length - shortenedBytes; left > 0; left -= extensionBytes) {
    claim(accounted, next)
    next = word(next, 0)
  }
  if (next !== 0) fail(index, 'has an extension too many')
}

function claim(accounted: Set<number>, index: number): void {
  if (accounted.has(index)) fail(index, 'is used twice')
  accounted.add(index)
}

function fail(index: number, why: string): never {
  throw new Error(`record ${index} ${why}`)
}
