import { linkSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deserialize } from 'node:v8'
import { type Name, nameText } from '../../src/base/names.ts'
import type { Ino } from '../../src/vfs/api.ts'
import type { Die } from './random.ts'
import type { DiskEvent } from './recording-tree.ts'

/** A disk writes a sector or does not. */
const sectorBytes = 512

type Change = { readonly position: number; readonly bytes: Uint8Array } | { readonly size: number }

interface DiskFile {
  /** What is on the disk for certain, and what was asked since. */
  bytes: Buffer
  changes: Change[]
}

interface DiskFolder {
  names: Map<Name, Ino>
  /** Each whole or not at all; of those that touch one name, never a later one without the earlier. */
  changes: ReadonlyArray<readonly [Name, Ino | undefined]>[]
}

/**
 * How much of what was not synced a power cut takes: all of it, nothing, or by the die. A sync of a
 * file makes its bytes and its size safe, not its name; one of a folder its names, not their files.
 */
export type Loss = 'all' | 'nothing' | 'some'

/** To be picked from. */
export const losses: readonly Loss[] = ['all', 'some', 'some', 'nothing']

/** What a disk was asked for, and what may be on it after a power cut. */
export class LossyDisk {
  readonly #files = new Map<Ino, DiskFile>()
  readonly #folders = new Map<Ino, DiskFolder>()
  readonly #root: Ino = 1

  constructor() {
    this.#folders.set(this.#root, { names: new Map(), changes: [] })
  }

  take(event: DiskEvent): void {
    switch (event.kind) {
      case 'file':
        this.#files.set(event.ino, { bytes: Buffer.alloc(0), changes: [] })
        this.#rename(event.parent, [[event.name, event.ino]])
        return
      case 'folder':
        this.#folders.set(event.ino, { names: new Map(), changes: [] })
        this.#rename(event.parent, [[event.name, event.ino]])
        return
      case 'link':
        this.#rename(event.parent, [[event.name, event.ino]])
        return
      case 'write':
        this.#file(event.ino).changes.push(event)
        return
      case 'resize':
        this.#file(event.ino).changes.push(event)
        return
      case 'remove':
        this.#rename(event.parent, [[event.name, undefined]])
        return
      case 'rename':
        this.#move(event)
        return
      case 'sync':
        this.#settle(event.ino)
        return
      default:
        for (const ino of [...this.#files.keys(), ...this.#folders.keys()]) this.#settle(ino)
    }
  }

  #file(ino: Ino): DiskFile {
    const file = this.#files.get(ino)
    if (file === undefined) throw new Error(`no file ${ino}`)
    return file
  }

  #folder(ino: Ino): DiskFolder {
    const folder = this.#folders.get(ino)
    if (folder === undefined) throw new Error(`no folder ${ino}`)
    return folder
  }

  #rename(parent: Ino, change: ReadonlyArray<readonly [Name, Ino | undefined]>): void {
    this.#folder(parent).changes.push(change)
  }

  #move({ parent, name, to, newName }: Extract<DiskEvent, { kind: 'rename' }>): void {
    if (parent !== to) throw new Error('the home moves nothing from folder to folder')
    const { names, changes } = this.#folder(parent)
    const ino = changes.flat().findLast(([changed]) => changed === name)?.[1] ?? names.get(name)
    this.#rename(parent, [
      [name, undefined],
      [newName, ino]
    ])
  }

  #settle(ino: Ino): void {
    const file = this.#files.get(ino)
    if (file !== undefined) {
      file.bytes = applied(file.bytes, file.changes, () => file.changes.length)
      file.changes = []
      return
    }
    const folder = this.#folder(ino)
    for (const [name, to] of folder.changes.flat()) entered(folder.names, name, to)
    folder.changes = []
  }

  /** Writes what a power cut at this moment might leave into a plain folder, which is made. */
  leave(folder: string, loss: Loss, die: Die): void {
    this.#leave({ ino: this.#root, path: folder }, new Map(), loss, die)
  }

  /** `left`: where each file is already, under the first of its names. */
  #leave({ ino, path }: { ino: Ino; path: string }, left: Map<Ino, string>, loss: Loss, die: Die) {
    mkdirSync(path)
    for (const [name, child] of namesLeft(this.#folder(ino), loss, die)) {
      const to = join(path, nameText(name))
      const first = left.get(child)
      if (this.#folders.has(child)) this.#leave({ ino: child, path: to }, left, loss, die)
      else if (first !== undefined) linkSync(first, to)
      else writeFileSync(to, bytesLeft(this.#file(child), loss, die), { mode: 0o600 })
      left.set(child, first ?? to)
    }
  }
}

function entered(names: Map<Name, Ino>, name: Name, ino: Ino | undefined): void {
  if (ino === undefined) names.delete(name)
  else names.set(name, ino)
}

function namesLeft(folder: DiskFolder, loss: Loss, die: Die): Map<Name, Ino> {
  const names = new Map(folder.names)
  const lost = new Set<Name>()
  for (const change of folder.changes) {
    const goes = loss === 'all' || (loss === 'some' && die.throw(3) === 0)
    if (goes || change.some(([name]) => lost.has(name))) for (const [name] of change) lost.add(name)
    else for (const [name, ino] of change) entered(names, name, ino)
  }
  return names
}

/** Sector by sector: what stood there after any number of the changes. */
function bytesLeft({ bytes, changes }: DiskFile, loss: Loss, die: Die): Buffer {
  if (loss === 'all') return bytes
  if (loss === 'nothing') return applied(bytes, changes, () => changes.length)
  return applied(bytes, changes, () => die.throw(changes.length + 1))
}

/** `count` says how many of the changes a sector, and the size, have seen. */
function applied(bytes: Buffer, changes: readonly Change[], count: () => number): Buffer {
  const sizes = [bytes.length]
  for (const change of changes) sizes.push(sizeAfter(sizes.at(-1) ?? 0, change))
  const left = Buffer.alloc(Math.max(...sizes))
  bytes.copy(left)
  const seen = new Map<number, number>()
  for (const [index, change] of changes.entries()) {
    const from = 'size' in change ? change.size : change.position
    const to = 'size' in change ? (sizes[index] ?? 0) : from + change.bytes.length
    for (let at = from; at < to; ) {
      const sector = Math.floor(at / sectorBytes)
      const end = Math.min(to, (sector + 1) * sectorBytes)
      const limit = seen.get(sector) ?? count()
      seen.set(sector, limit)
      if (index < limit) {
        if ('size' in change) left.fill(0, at, end)
        else left.set(change.bytes.subarray(at - from, end - from), at)
      }
      at = end
    }
  }
  return left.subarray(0, sizes[count()])
}

function sizeAfter(before: number, change: Change): number {
  return 'size' in change ? change.size : Math.max(before, change.position + change.bytes.length)
}

/** The events of a `RecordingTree`'s journal. */
export function readJournal(path: string): DiskEvent[] {
  const journal = readFileSync(path)
  const events: DiskEvent[] = []
  for (let at = 0; at < journal.length; ) {
    const length = journal.readUInt32LE(at)
    events.push(deserialize(journal.subarray(at + 4, at + 4 + length)) as DiskEvent)
    at += 4 + length
  }
  return events
}

/** What was written into a file of the root, line by line: one a write. */
export function linesIn(events: readonly DiskEvent[], name: string): string[] {
  const made = events.find(event => event.kind === 'file' && nameText(event.name) === name)
  if (made?.kind !== 'file') return []
  const { ino } = made
  return events.flatMap(event =>
    event.kind === 'write' && event.ino === ino ? [Buffer.from(event.bytes).toString().trim()] : []
  )
}
