import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { decodeZstd } from '../../src/base/decode-zstd.ts'
import { algorithmOf, digestOf } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { IndexedEntry, LayerIndex } from '../../src/pull/adapter.ts'
import type { Descriptor } from './manifest.ts'
import { parseToc } from './parse-toc.ts'
import { type ReadRange, readChunks } from './read-chunks.ts'
import { parseDigest } from './reference.ts'
import { decodeGzip, unpackLayer } from './unpack-layer.ts'

/** Of the descriptor of an eStargz layer, and of a zstd:chunked one as older and newer writers have it. */
const stargzDigest = 'containerd.io/snapshot/stargz/toc.digest'
const chunkedPrefixes = ['io.github.containers.zstd-chunked.', 'io.containers.zstd-chunked.']

/** The eStargz footer, and what it names its index in the tar. */
const footerBytes = 51
const stargzName = 'stargz.index.json'

/** The table that a layer has of its contents, where it has one that its descriptor names by digest. */
type Layer = Pick<Descriptor, 'size' | 'annotations'>

/**
 * Reads the index of an eStargz or zstd:chunked layer by parts of it, verified by what its descriptor says. Undefined
 * if it has none. Throws `mismatch`, `corrupt`, and what `read` throws.
 */
export async function readLayerIndex(
  layer: Layer,
  read: ReadRange
): Promise<LayerIndex | undefined> {
  const { annotations = {} } = layer
  for (const prefix of chunkedPrefixes) {
    const digest = annotations[`${prefix}manifest-checksum`]
    const position = annotations[`${prefix}manifest-position`]
    if (digest !== undefined && position !== undefined) {
      return await readChunkedIndex(layer, read, digest, position)
    }
  }
  const digest = annotations[stargzDigest]
  return digest === undefined ? undefined : await readStargzIndex(layer, read, digest)
}

/** https://github.com/containers/storage/blob/main/docs/containers-storage-zstd-chunked.md */
async function readChunkedIndex(
  { size }: Layer,
  read: ReadRange,
  digest: string,
  position: string
): Promise<LayerIndex> {
  const [, ...numbers] = /^(\d{1,15}):(\d{1,15}):(\d{1,15}):1$/.exec(position) ?? []
  const [offset = 0, packedBytes = 0, plainBytes = 0] = numbers.map(Number)
  if (numbers.length === 0 || offset + packedBytes > size) throw damaged('lies where it cannot')
  if (Math.max(packedBytes, plainBytes) > limits.layerIndexBytes) throw damaged('is too long')
  const packed = await gather(read(offset, offset + packedBytes), packedBytes)
  verify(packed, digest)
  const json = await promisify(zstdDecompress)(packed, { maxOutputLength: plainBytes })
  const open = (chunks: Parameters<typeof readChunks>[0]) => readChunks(chunks, read, decodeZstd)
  return { entries: parseToc(json, { end: offset, open }) }
}

async function readStargzIndex(
  { size }: Layer,
  read: ReadRange,
  digest: string
): Promise<LayerIndex> {
  const tailAt = Math.max(0, size - limits.layerTailBytes)
  const tail = await gather(read(tailAt, size), size - tailAt)
  const offset = tocOffset(tail.subarray(-footerBytes))
  const end = size - footerBytes
  if (offset === undefined || offset >= end) throw damaged('is not where its footer says')
  if (end - offset > limits.layerIndexBytes) throw damaged('is too long')
  const packed =
    offset >= tailAt
      ? tail.subarray(offset - tailAt, end - tailAt)
      : await gather(read(offset, end), end - offset)
  const json = await fileIn(packed)
  verify(json, digest)
  const open = (chunks: Parameters<typeof readChunks>[0]) => readChunks(chunks, read, decodeGzip)
  return { entries: [...parseToc(json, { end: offset, open }), stargzItself] }
}

/** It is in the layer, but does not say of itself how. */
const stargzItself: IndexedEntry = {
  path: stargzName,
  kind: 'file',
  mode: 0,
  mtimeSeconds: 0,
  uid: 0,
  gid: 0,
  later: true
}

/** An empty gzip member whose extra field says it. */
function tocOffset(footer: Buffer): number | undefined {
  const head = Buffer.from([0x1f, 0x8b, 8, 4])
  const field = Buffer.from('SG\u0016\0')
  const [, hex] = /^([0-9a-f]{16})STARGZ$/.exec(footer.toString('latin1', 16, 38)) ?? []
  const isFooter = footer.subarray(0, 4).equals(head) && footer.subarray(12, 16).equals(field)
  if (!isFooter || hex === undefined) return undefined
  const offset = Number.parseInt(hex, 16)
  return Number.isSafeInteger(offset) ? offset : undefined
}

async function fileIn(packed: Buffer): Promise<Buffer> {
  for await (const { path, content } of unpackLayer([packed])) {
    if (path !== stargzName || content === undefined) break
    return await gather(content, limits.layerIndexBytes)
  }
  throw damaged('is not in its place')
}

async function gather(pieces: AsyncIterable<Uint8Array>, mostBytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > mostBytes) throw damaged('is too long')
    parts.push(Buffer.from(piece))
  }
  return Buffer.concat(parts)
}

function verify(bytes: Buffer, said: string): void {
  const digest = parseDigest(said)
  if (digestOf(algorithmOf(digest), bytes) === digest) return
  throw new CairnError('mismatch', `the index of a layer is not ${digest}`)
}

function damaged(how: string): CairnError {
  return new CairnError('corrupt', `the index of a layer ${how}`)
}
