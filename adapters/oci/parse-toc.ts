import type { Digest } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { IndexedEntry, LayerEntry } from '../../src/pull/adapter.ts'
import { layerEntry, type PackedKind } from './layer-entry.ts'
import { keepXattr } from './pax-xattrs.ts'
import type { Chunk } from './read-chunks.ts'
import { parseDigest } from './reference.ts'

export interface TocOptions {
  /** What lies in the layer from here on is no file's. */
  readonly end: number
  /** The bytes of a file. */
  readonly open: (chunks: readonly Chunk[]) => AsyncIterable<Uint8Array>
}

type Json = Readonly<Record<string, unknown>>

/** A file, and what is said of its further chunks. */
interface Described {
  readonly json: Json
  readonly more: Json[]
}

/**
 * The entries of a table of contents, in the layer's order. Of a file whose chunks are not as they should be, or too
 * large to be had one by one, only the name counts. Throws `corrupt` on what is none.
 * https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md#toc-tocentries-and-footer
 */
export function parseToc(bytes: Uint8Array, options: TocOptions): IndexedEntry[] {
  const described = describedIn(bytes)
  const offsets = offsetsIn(described, options.end)
  const entries: IndexedEntry[] = []
  for (const { json, more } of described) {
    const entry = entryOf(json)
    if (entry === undefined) continue
    const size = natural(json.size) ?? 0
    if (entry.kind !== 'file' || size === 0) entries.push(entry)
    else {
      const chunks = chunksOf(size, json, more, offsets)
      entries.push(chunks === undefined ? { ...entry, later: true } : withContent(entry, chunks))
    }
  }
  return entries

  function withContent(entry: LayerEntry, chunks: readonly Chunk[]): IndexedEntry {
    const open = () => options.open(chunks)[Symbol.asyncIterator]()
    return { ...entry, content: { [Symbol.asyncIterator]: open } }
  }
}

function describedIn(bytes: Uint8Array): Described[] {
  const described: Described[] = []
  for (const json of entriesIn(bytes)) {
    if (json.type !== 'chunk') {
      described.push({ json, more: [] })
      continue
    }
    const file = described.at(-1)
    if (file?.json.name !== json.name || file?.json.type !== 'reg') throw damaged()
    file.more.push(json)
  }
  return described
}

function entriesIn(bytes: Uint8Array): Json[] {
  let value: { entries?: unknown } | null
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new CairnError('corrupt', 'the index of a layer is not JSON', { cause })
  }
  const entries = value?.entries
  if (!Array.isArray(entries) || entries.length > limits.unpackedEntries) throw damaged()
  return entries.map(entry => {
    if (typeof entry !== 'object' || entry === null || typeof entry.name !== 'string') {
      throw damaged()
    }
    return entry as Json
  })
}

const kinds: Readonly<Record<string, PackedKind>> = {
  dir: 'directory',
  reg: 'file',
  symlink: 'symlink',
  hardlink: 'link',
  char: 'device',
  block: 'device',
  fifo: 'device'
}

function entryOf(json: Json): LayerEntry | undefined {
  const type = String(json.type)
  const kind = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  if (kind === undefined) throw damaged()
  const modifiedMs = Date.parse(String(json.modtime))
  return layerEntry({
    name: json.name as string,
    kind,
    mode: natural(json.mode) ?? 0,
    mtimeSeconds: Number.isNaN(modifiedMs) ? 0 : Math.floor(modifiedMs / 1000),
    uid: natural(json.uid) ?? 0,
    gid: natural(json.gid) ?? 0,
    target: typeof json.linkName === 'string' ? json.linkName : undefined,
    device: kind === 'device' ? deviceOf(type, json) : undefined,
    xattrs: xattrsOf(json.xattrs),
    content: undefined
  })
}

function deviceOf(type: string, json: Json): NonNullable<LayerEntry['device']> {
  if (type === 'fifo') return { type, major: 0, minor: 0 }
  const major = natural(json.devMajor) ?? 0
  const minor = natural(json.devMinor) ?? 0
  return { type: type === 'block' ? 'block' : 'character', major, minor }
}

function xattrsOf(value: unknown): ReadonlyMap<string, Uint8Array> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const xattrs = new Map<string, Uint8Array>()
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string') keepXattr(xattrs, name, Buffer.from(text, 'base64'))
  }
  return xattrs
}

/** Of all that is packed: where it begins, and where the next begins. */
function offsetsIn(described: readonly Described[], end: number): ReadonlyMap<number, number> {
  const begins = new Set<number>()
  for (const { json, more } of described) {
    for (const each of [json, ...more]) {
      const offset = natural(each.offset)
      if (offset !== undefined && offset < end) begins.add(offset)
    }
  }
  const sorted = [...begins].sort((a, b) => a - b)
  return new Map(sorted.map((offset, index) => [offset, sorted[index + 1] ?? end]))
}

/** Undefined where they do not add up, or are too large. */
function chunksOf(
  size: number,
  json: Json,
  more: readonly Json[],
  offsets: ReadonlyMap<number, number>
): Chunk[] | undefined {
  if (size > limits.indexedFileBytes) return undefined
  const chunks: Chunk[] = []
  let done = 0
  for (const each of [json, ...more]) {
    const chunk = chunkOf(each, size - done, more.length === 0)
    const next = chunk === undefined ? undefined : offsets.get(chunk.offset)
    if (chunk === undefined || next === undefined) return undefined
    if ((natural(each.chunkOffset) ?? 0) !== done) return undefined
    const end = done + chunk.bytes === size ? Math.min(next, natural(json.endOffset) ?? next) : next
    const tooLong =
      Math.max(end - chunk.offset, chunk.skip + chunk.bytes) > limits.indexedChunkBytes
    const last = chunks.at(-1)
    const follows = last === undefined || [last.end, last.offset].includes(chunk.offset)
    if (tooLong || !follows || end <= chunk.offset) return undefined
    chunks.push({ ...chunk, end })
    done += chunk.bytes
  }
  return done === size ? chunks : undefined
}

function chunkOf(json: Json, leftBytes: number, isOnly: boolean): Omit<Chunk, 'end'> | undefined {
  const offset = natural(json.offset)
  const said = natural(json.chunkSize) ?? 0
  const bytes = said === 0 ? leftBytes : said
  const digest = digestOrNone(json.chunkDigest ?? (isOnly ? json.digest : undefined))
  if (offset === undefined || digest === undefined || bytes <= 0 || bytes > leftBytes) {
    return undefined
  }
  return { offset, skip: natural(json.innerOffset) ?? 0, bytes, digest }
}

function digestOrNone(value: unknown): Digest | undefined {
  try {
    return parseDigest(String(value))
  } catch {
    return undefined
  }
}

function natural(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

function damaged(): CairnError {
  return new CairnError('corrupt', 'the index of a layer is not one')
}
