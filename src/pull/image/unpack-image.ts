import type { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../../base/blocks.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Node, UnixfsReader, UnixfsWriter } from '../../unixfs/api.ts'
import type { LayerEntry } from '../adapter.ts'
import type { Body, Catalog, CatalogItem, Unpacking } from '../api.ts'
import { bounds } from '../bounds.ts'
import { BufferPool } from '../buffers.ts'
import { readStored } from '../stored-body.ts'
import { unpackOnce } from '../unpack-once.ts'
import { RootFilesystem } from './root-filesystem.ts'

/** A blob or a manifest of an image, by what its document says of it. */
export interface ImagePart {
  readonly digest: Digest
  readonly size: number
}

export interface ImageDocument {
  /** Of an index: the manifest for this machine; undefined of a manifest. Layers from the lowest up. */
  readonly manifest: ImagePart | undefined
  readonly layers: readonly ImagePart[]
}

export interface ImageUnpackingOptions {
  readonly catalog: Catalog
  readonly reader: UnixfsReader
  readonly blocks: BlockWriter
  readonly writer: UnixfsWriter
  readonly readDocument: (bytes: Uint8Array) => ImageDocument
  readonly unpackLayer: (layer: Body) => AsyncIterable<LayerEntry>
  /** A part of the image of a catalog key: from the store, or fetched. A piece is valid until the next. */
  readonly openPart: (key: string, kind: 'manifests' | 'blobs', digest: Digest) => Promise<Body>
  /** Has a blob that is not held be fetched until `signal` aborts; `openPart` shares what has come. Never throws. */
  readonly fetchAhead: (key: string, digest: Digest, signal: AbortSignal) => void
  readonly clock?: Clock
}

/** Layers that are fetched while the one before them is unpacked. */
const layersAhead = 2

/** How the catalog keys of images end: the stored bytes are the image's manifest or index. */
export const imageSuffix = '.oci'

/**
 * Unpacks images: layer over layer, each while it arrives. Beside the directory a side record holds what
 * no UnixFS node can carry, and the owners are listed as `<key without suffix>.owners`.
 */
export function openImageUnpacking(options: ImageUnpackingOptions): Unpacking {
  const buffers = new BufferPool()
  return unpackOnce(options.catalog, key => unpackImage(options, buffers, key))
}

async function unpackImage(
  options: ImageUnpackingOptions,
  buffers: BufferPool,
  key: string
): Promise<CID> {
  const item = options.catalog.get(key)
  if (item === undefined) throw new CairnError('not-found', `${key} is not held`)
  const unpacked = new AbortController()
  try {
    const layers = await layersOf(options, buffers, item)
    const packed = layers.reduce((total, { size }) => total + size, 0)
    const mostBytes = Math.min(bounds.flightBytes, Math.max(packed, 4096) * limits.unpackedRatio)
    const tree = new RootFilesystem(options.writer, mostBytes)
    for (const [index, { digest }] of layers.entries()) {
      const begun = index === 0 ? 1 : index + layersAhead
      for (const next of layers.slice(begun, index + layersAhead + 1)) {
        options.fetchAhead(key, next.digest, unpacked.signal)
      }
      await tree.addLayer(options.unpackLayer(await options.openPart(key, 'blobs', digest)))
    }
    const { node, record } = tree.finish()
    const cid = cidOf(node)
    storeOwners(options, item, tree.owners())
    const { clock = systemClock } = options
    const bytes = node.dagBytes + (record?.dagBytes ?? 0)
    options.catalog.setUnpacked(key, { cid, record: record && cidOf(record), bytes }, clock.nowMs())
    return cid
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    throw new CairnError(code, `${key} cannot be unpacked: ${message}`, { cause })
  } finally {
    unpacked.abort()
  }
}

async function layersOf(
  { readDocument, reader, openPart }: ImageUnpackingOptions,
  buffers: BufferPool,
  item: CatalogItem
): Promise<readonly ImagePart[]> {
  const document = readDocument(await whole(readStored(reader, item, buffers)))
  if (document.manifest === undefined) return document.layers
  const part = await openPart(item.key, 'manifests', document.manifest.digest)
  const manifest = readDocument(await whole(part))
  if (manifest.manifest !== undefined) throw new CairnError('invalid', 'an index of indexes')
  return manifest.layers
}

function storeOwners(
  { catalog, writer, blocks }: ImageUnpackingOptions,
  item: CatalogItem,
  text: string
): void {
  const bytes = Buffer.from(text, 'utf8')
  const builder = writer.file()
  builder.write(bytes)
  const cid = cidOf(builder.finish())
  // A row that outlives blocks of the tree would be an error for ever: nobody fetches it anew.
  blocks.flush({ durable: true })
  catalog.put({
    ...item,
    key: `${item.key.slice(0, -imageSuffix.length)}.owners`,
    cid,
    bytes: bytes.length,
    mediaType: 'text/plain',
    digests: [digestOf('sha256', bytes)]
  })
}

function cidOf({ codec, multihash, cidVersion }: Node): CID {
  return makeCid(codec, multihash, cidVersion)
}

async function whole(body: Body): Promise<Buffer> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body) {
    bytes += piece.length
    if (bytes > limits.manifestBytes) {
      throw new CairnError(
        'file-too-large',
        `a manifest of more than ${limits.manifestBytes} bytes`
      )
    }
    pieces.push(Buffer.from(piece))
  }
  return Buffer.concat(pieces)
}
