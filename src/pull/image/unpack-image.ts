import type { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../../base/blocks.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { type Digest, digestOf } from '../../base/digest.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { Node, UnixfsReader, UnixfsWriter } from '../../unixfs/api.ts'
import type { LayerEntry, LayerIndex } from '../adapter.ts'
import type { Body, Catalog, CatalogItem, Unpacking } from '../api.ts'
import { bounds } from '../bounds.ts'
import { BufferPool } from '../buffers.ts'
import { Remembered } from '../remembered.ts'
import { readStored } from '../stored-body.ts'
import { unpackOnce } from '../unpack-once.ts'
import { growRoot } from './grow-root.ts'
import { GrowingImage } from './growing-image.ts'
import type { RootFilesystem } from './root-filesystem.ts'

/** A blob or a manifest of an image, by what its document says of it. */
export interface ImagePart {
  readonly digest: Digest
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
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
  /**
   * A part of the image of a catalog key: from the store, or fetched; a body that was read to its end has
   * the digest. A piece is valid until the next.
   */
  readonly openPart: (
    key: string,
    kind: 'manifests' | 'blobs',
    digest: Digest,
    signal: AbortSignal
  ) => Promise<Body>
  /** The index of a layer; undefined if it has none. What it throws means that it cannot be had. */
  readonly readIndex: (
    key: string,
    layer: ImagePart,
    signal: AbortSignal
  ) => Promise<LayerIndex | undefined>
  readonly clock?: Clock
  /** Layers with indexes come when no file was asked for during this; tests make it short. */
  readonly quietMs?: number
}

/** Takes images apart; while it does, what their layers have decided can be looked at. */
export interface ImageUnpacking extends Unpacking {
  /** An image that is being unpacked as the catalog has it now, once its layers are known. */
  growing: (key: string) => GrowingImage | undefined
  /** Has an image be unpacked; resolves when something of it can be looked at, or all of it. Throws as `unpack`. */
  begin: (key: string, options?: { signal?: AbortSignal }) => Promise<void>
  /** Waits for what a look wanted, by the id of a want of kind `layer`. Throws as `unpack`. */
  settled: (want: string, options?: { signal?: AbortSignal }) => Promise<void>
}

/** How the catalog keys of images end: the stored bytes are the image's manifest or index. */
export const imageSuffix = '.oci'

/**
 * Unpacks images, from the topmost layer down, each while it arrives; of a layer nothing shows before
 * all of it was found right. Beside the directory a side record holds what no UnixFS node can carry, and
 * the owners are listed as `<key without suffix>.owners`.
 */
export function openImageUnpacking(options: ImageUnpackingOptions): ImageUnpacking {
  return new Images(options)
}

class Images implements ImageUnpacking {
  readonly #options: ImageUnpackingOptions
  readonly #buffers = new BufferPool()
  readonly #growing = new Map<string, GrowingImage>()
  readonly #whole: Unpacking
  /** Images of which a layer was not what its index said: they are unpacked without. */
  readonly #mistrusted = new Remembered(bounds.negativeEntries)

  constructor(options: ImageUnpackingOptions) {
    this.#options = options
    this.#whole = unpackOnce(options.catalog, key => this.#unpack(key))
  }

  unpack(key: string, options?: { signal?: AbortSignal }): Promise<CID> {
    return this.#whole.unpack(key, options)
  }

  growing(key: string): GrowingImage | undefined {
    const image = this.#current(key)
    return image?.hasBegun === true ? image : undefined
  }

  #current(key: string): GrowingImage | undefined {
    const image = this.#growing.get(key)
    const now = this.#options.catalog.get(key)?.cid
    return now !== undefined && image?.archive.equals(now) === true ? image : undefined
  }

  async begin(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#until(key, signal, image => image.begun())
  }

  async settled(want: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const space = want.indexOf(' ')
    const [layer = '', file] = want.slice(0, space).split('/')
    const number = file === undefined || file === 'whole' ? file : Number(file)
    await this.#until(want.slice(space + 1), signal, image => image.settled(Number(layer), number))
  }

  /** Goes on by itself when who waits leaves; tells what it failed with. */
  async #until(
    key: string,
    signal: AbortSignal | undefined,
    wait: (image: GrowingImage) => Promise<void>
  ): Promise<void> {
    const whole = this.unpack(key)
    whole.catch(() => {})
    const image = this.#current(key)
    if (image !== undefined) await untilAborted(Promise.race([whole, wait(image)]), signal)
    if (image === undefined || this.#current(key) !== image) await untilAborted(whole, signal)
  }

  #nowMs(): number {
    return (this.#options.clock ?? systemClock).nowMs()
  }

  async #unpack(key: string): Promise<CID> {
    const item = this.#options.catalog.get(key)
    if (item === undefined) throw new CairnError('not-found', `${key} is not held`)
    const image = new GrowingImage(key, item.cid)
    const ending = new AbortController()
    this.#growing.set(key, image)
    try {
      const layers = await layersOf(this.#options, this.#buffers, item, ending.signal)
      const byIndex = !this.#mistrusted.has(item.cid.toString(), this.#nowMs())
      const root = await growRoot(this.#options, image, { key, layers, ending, byIndex })
      return storeRoot(this.#options, item, root)
    } catch (cause) {
      const { code, message } = toCairnError(cause)
      if (code === 'corrupt') this.#mistrusted.add(item.cid.toString(), Number.POSITIVE_INFINITY)
      throw new CairnError(code, `${key} cannot be unpacked: ${message}`, { cause })
    } finally {
      if (this.#growing.get(key) === image) this.#growing.delete(key)
      image.end()
    }
  }
}

function storeRoot(options: ImageUnpackingOptions, item: CatalogItem, root: RootFilesystem): CID {
  const { node, record } = root.finish()
  const cid = cidOf(node)
  storeOwners(options, item, root.owners())
  const bytes = node.dagBytes + (record?.dagBytes ?? 0)
  const tree = { cid, archive: item.cid, record: record && cidOf(record), bytes }
  const { clock = systemClock } = options
  options.catalog.setUnpacked(item.key, tree, clock.nowMs())
  return cid
}

async function layersOf(
  { readDocument, reader, openPart }: ImageUnpackingOptions,
  buffers: BufferPool,
  item: CatalogItem,
  signal: AbortSignal
): Promise<readonly ImagePart[]> {
  const document = readDocument(await whole(readStored(reader, item, buffers)))
  if (document.manifest === undefined) return document.layers
  const part = await openPart(item.key, 'manifests', document.manifest.digest, signal)
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
