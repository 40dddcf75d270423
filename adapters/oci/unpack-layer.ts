import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { decodeZstd } from '../../src/base/decode-zstd.ts'
import { CairnError, toCairnError } from '../../src/base/errors.ts'
import type { LayerEntry } from '../../src/pull/adapter.ts'
import { layerEntry, type PackedKind } from './layer-entry.ts'
import { PaxXattrs, type Xattrs } from './pax-xattrs.ts'

const gzipMagic = Buffer.from([0x1f, 0x8b])
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
const zstdSkip = Buffer.from([0x2a, 0x4d, 0x18])

/**
 * A layer's changes, in its order; plain, gzip and zstd are told apart by their first bytes, whatever
 * the media type says. Sockets are left out. Throws `corrupt` on a damaged layer, and what
 * `layer` throws. https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md
 */
export async function* unpackLayer(
  layer: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
): AsyncGenerator<LayerEntry> {
  const pieces = copied(layer)
  const first = await pieces.next()
  const head = first.done === true ? Buffer.alloc(0) : first.value
  const entries = extract()
  const pax = new PaxXattrs()
  const seen = Readable.from(pax.pass(decoded(head, rejoined(head, pieces))), { objectMode: false })
  seen.on('error', error => entries.destroy(error))
  seen.pipe(entries as unknown as NodeJS.WritableStream)
  try {
    for await (const entry of entries) {
      const xattrs = entry.header.pax == null ? undefined : pax.next()
      const unpacked = toEntry(entry.header, entry as unknown as Readable, xattrs)
      if (unpacked !== undefined) yield unpacked
      entry.resume()
    }
  } catch (cause) {
    throw damaged(cause)
  } finally {
    seen.destroy()
  }
}

function decoded(head: Buffer, layer: AsyncIterable<Buffer>): AsyncIterable<Uint8Array> {
  if (head.subarray(0, gzipMagic.length).equals(gzipMagic)) return decodeGzip(layer)
  return isZstd(head) ? decodeZstd(layer) : layer
}

/** Its first frame may be one to be skipped. */
function isZstd(head: Buffer): boolean {
  const start = head.subarray(0, zstdMagic.length)
  return (
    start.equals(zstdMagic) || ((start[0] ?? 0) >> 4 === 5 && start.subarray(1).equals(zstdSkip))
  )
}

/** The plain bytes of gzip members one after the other. Throws what zlib and `layer` throw. */
export async function* decodeGzip(layer: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(layer, { objectMode: false })
  const decoder = createGunzip()
  source.on('error', error => decoder.destroy(error))
  try {
    yield* source.pipe(decoder)
  } finally {
    source.destroy()
    decoder.destroy()
  }
}

/** The streams keep pieces longer than they are valid. */
async function* copied(
  layer: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0)
  for await (const piece of layer) {
    if (head.length + piece.length < zstdMagic.length) head = Buffer.concat([head, piece])
    else {
      yield Buffer.concat([head, piece])
      head = Buffer.alloc(0)
    }
  }
  if (head.length > 0) yield head
}

async function* rejoined(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  yield* rest
}

const kinds: Readonly<Record<string, PackedKind>> = {
  file: 'file',
  'contiguous-file': 'file',
  directory: 'directory',
  symlink: 'symlink',
  link: 'link',
  'character-device': 'device',
  'block-device': 'device',
  fifo: 'device'
}

function toEntry(
  header: Header,
  content: NonNullable<LayerEntry['content']>,
  xattrs: Xattrs | undefined
): LayerEntry | undefined {
  const kind = kinds[header.type ?? 'file']
  return layerEntry({
    name: header.name,
    kind,
    mode: header.mode ?? 0,
    mtimeSeconds: Math.floor((header.mtime?.getTime() ?? 0) / 1000),
    uid: header.uid ?? 0,
    gid: header.gid ?? 0,
    target: header.linkname ?? undefined,
    device: kind === 'device' ? deviceOf(header) : undefined,
    xattrs,
    content: checked(content)
  })
}

function deviceOf({ type, devmajor, devminor }: Header): NonNullable<LayerEntry['device']> {
  const major = devmajor ?? 0
  const minor = devminor ?? 0
  if (type === 'fifo') return { type, major: 0, minor: 0 }
  return { type: type === 'block-device' ? 'block' : 'character', major, minor }
}

async function* checked(content: NonNullable<LayerEntry['content']>): AsyncGenerator<Uint8Array> {
  try {
    yield* content
  } catch (cause) {
    throw damaged(cause)
  }
}

function damaged(cause: unknown): CairnError {
  if (cause instanceof CairnError) return cause
  return new CairnError('corrupt', `a damaged layer: ${toCairnError(cause).message}`, { cause })
}
