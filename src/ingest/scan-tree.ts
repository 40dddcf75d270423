import { type BigIntStats, type Dirent, lstatSync, readdirSync, readlinkSync } from 'node:fs'
import { toCairnError } from '../base/errors.ts'
import { type Name, nameFromBytes } from '../base/names.ts'
import type { Metadata, Node } from '../unixfs/api.ts'
import { metadataOf } from './add-file.ts'
import { entryUnits } from './breathe.ts'
import { type BytePath, below, fromPath, shownPath } from './paths.ts'
import type { Tally } from './tally.ts'

/** A directory of this machine as it was found; its node and those of files are made later. */
export interface FoundDirectory {
  readonly kind: 'directory'
  readonly metadata: Metadata
  readonly entries: FoundEntry[]
  node: Node | undefined
}

export interface FoundFile {
  readonly kind: 'file'
  readonly path: BytePath
  node: Node | undefined
}

export interface FoundLink {
  readonly kind: 'symlink'
  readonly node: Node
}

export type Found = FoundDirectory | FoundFile | FoundLink

export interface FoundEntry {
  readonly name: Name
  readonly found: Found
}

/**
 * Finds what is at and below a path; calls `visit` with each file as it is found. Symlinks are not
 * followed. What is neither file, directory nor symlink is warned of. Returns undefined if that is all.
 */
export async function scanTree(
  tally: Tally,
  path: BytePath,
  visit: (file: FoundFile) => void
): Promise<{ root: Found | undefined; directories: FoundDirectory[] }> {
  const directories: FoundDirectory[] = []
  const waiting: Array<{ path: BytePath; directory: FoundDirectory }> = []
  const take = (path: BytePath, entry: EntryKind): Found | undefined => {
    if (entry.isFile()) {
      const file: FoundFile = { kind: 'file', path, node: undefined }
      tally.filesFound++
      visit(file)
      return file
    }
    if (entry.isSymbolicLink()) return addSymlink(tally, path)
    if (entry.isDirectory()) {
      const directory: FoundDirectory = {
        kind: 'directory',
        metadata: tally.options.metadata ? metadataOf(statOf(path)) : {},
        entries: [],
        node: undefined
      }
      directories.push(directory)
      waiting.push({ path, directory })
      return directory
    }
    tally.warnings.push(`left out ${shownPath(path)}: it is ${specialKind(entry)}, not content`)
    return undefined
  }
  const stats = statOf(path)
  if (stats.isFile()) tally.totalBytes = Number(stats.size)
  const root = take(path, stats)
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const entry of readDirectory(next.path)) {
      const name = nameFromBytes(entry.name)
      const found = take(below(next.path, name), entry)
      if (found !== undefined) next.directory.entries.push({ name, found })
      await tally.breather.did(entryUnits)
    }
  }
  return { root, directories }
}

type EntryKind = Pick<
  Dirent<Buffer>,
  'isFile' | 'isDirectory' | 'isSymbolicLink' | 'isFIFO' | 'isSocket'
>

function specialKind(entry: EntryKind): string {
  if (entry.isFIFO()) return 'a fifo'
  return entry.isSocket() ? 'a socket' : 'a device'
}

function statOf(path: BytePath): BigIntStats {
  try {
    return lstatSync(fromPath(path), { bigint: true })
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${shownPath(path)}`)
  }
}

function readDirectory(path: BytePath): Array<Dirent<Buffer>> {
  try {
    return readdirSync(fromPath(path), { encoding: 'buffer', withFileTypes: true })
  } catch (cause) {
    throw toCairnError(cause, `cannot list ${shownPath(path)}`)
  }
}

/** Of a symlink only the time is recorded: its mode says nothing. */
function addSymlink(tally: Tally, path: BytePath): FoundLink {
  let metadata: Metadata = {}
  if (tally.options.metadata) {
    const { mtimeSeconds, mtimeNanoseconds } = metadataOf(statOf(path))
    metadata = { mtimeSeconds, mtimeNanoseconds }
  }
  try {
    const target = readlinkSync(fromPath(path), { encoding: 'buffer' })
    tally.symlinks++
    return { kind: 'symlink', node: tally.writer.symlink(target, metadata) }
  } catch (cause) {
    throw toCairnError(cause, `cannot read ${shownPath(path)}`)
  }
}
