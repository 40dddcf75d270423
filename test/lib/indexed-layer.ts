import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { type Entry, layerOf } from './oci-layer.ts'

export interface IndexedLayer {
  readonly bytes: Buffer
  /** Of its descriptor. */
  readonly annotations: Record<string, string>
}

export interface StargzOptions {
  /** Of files; by default each is one chunk. */
  readonly chunkBytes?: number
  /** Files of several chunks have them in one gzip member, as smaller eStargz layers do. */
  readonly together?: boolean
  /** What the index is to say otherwise. */
  readonly edit?: (toc: Toc) => void
}

export interface Toc {
  version: number
  entries: Array<Record<string, unknown>>
}

const stargzName = 'stargz.index.json'
const blockBytes = 512
/** Of entries that do not say theirs. */
const mtime = new Date('2026-01-01T00:00:00Z')

/** An eStargz layer: https://github.com/containerd/stargz-snapshotter/blob/main/docs/estargz.md */
export async function stargzLayer(
  entries: readonly Entry[],
  { chunkBytes = Number.POSITIVE_INFINITY, together = false, edit }: StargzOptions = {}
): Promise<IndexedLayer> {
  const members: Buffer[] = []
  let written = 0
  const write = (plain: Buffer): void => {
    const member = gzipSync(plain)
    members.push(member)
    written += member.length
  }
  const toc: Toc = { version: 1, entries: [] }
  /** Headers and padding since the last file's bytes. */
  let between = Buffer.alloc(0)
  for (const [path, what, more] of entries) {
    const entry: Entry = [path, what ?? '', { mtime, ...more }]
    const { header, content } = await packedOf(entry)
    const facts = factsOf(entry, content.length)
    between = Buffer.concat([between, header])
    if (content.length === 0) {
      toc.entries.push(facts)
      continue
    }
    write(between)
    const start = written
    for (let at = 0; at < content.length; at += chunkBytes) {
      const chunk = content.subarray(at, at + chunkBytes)
      const place = together ? { offset: start, innerOffset: at } : { offset: written }
      const said = { chunkOffset: at, chunkSize: chunk.length, chunkDigest: sha256(chunk) }
      const own = at === 0 ? facts : { name: facts.name, type: 'chunk' }
      toc.entries.push({ ...own, ...place, ...said })
      if (!together) write(chunk)
    }
    if (together) write(content)
    between = Buffer.alloc(paddingOf(content.length))
  }
  if (between.length > 0) write(between)
  edit?.(toc)
  const offset = written
  const json = JSON.stringify(toc)
  write(await layerOf([[stargzName, json]]))
  const text = `${offset.toString(16).padStart(16, '0')}STARGZ`
  const extra = Buffer.concat([Buffer.from([26, 0]), Buffer.from('SG'), Buffer.from([22, 0])])
  const footer = [Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255]), extra, Buffer.from(text)]
  const empty = Buffer.from([1, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0])
  return {
    bytes: Buffer.concat([...members, ...footer, empty]),
    annotations: { 'containerd.io/snapshot/stargz/toc.digest': sha256(Buffer.from(json)) }
  }
}

async function packedOf(entry: Entry): Promise<{ header: Buffer; content: Buffer }> {
  const content = Buffer.from(typeof entry[1] === 'string' ? entry[1] : '')
  const tar = await layerOf([entry])
  const rest = content.length + paddingOf(content.length) + 2 * blockBytes
  return { header: tar.subarray(0, tar.length - rest), content }
}

function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}

interface Header {
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly mtime?: Date
}

function factsOf(
  [path, what = '', more = {}]: Entry,
  size: number
): Record<string, unknown> & { name: string } {
  const { mode, uid = 0, gid = 0, mtime } = more as Header
  const modtime = mtime?.toISOString().replace(/\.\d+Z$/, 'Z')
  const facts = { name: path, uid, gid, ...(modtime === undefined ? {} : { modtime }) }
  if (path.endsWith('/')) return { ...facts, type: 'dir', mode: mode ?? 0o40755 }
  if (typeof what === 'string') return { ...facts, type: 'reg', mode: mode ?? 0o100644, size }
  if ('to' in what) return { ...facts, type: 'symlink', mode: mode ?? 0o644, linkName: what.to }
  return { ...facts, type: 'hardlink', mode: mode ?? 0o644, linkName: what.hard }
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
