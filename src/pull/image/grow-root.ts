import { limits } from '../../base/limits.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { LayerIndex } from '../adapter.ts'
import { bounds } from '../bounds.ts'
import type { GrowingImage } from './growing-image.ts'
import { RootFilesystem } from './root-filesystem.ts'
import type { ImagePart, ImageUnpackingOptions } from './unpack-image.ts'
import { wholeLayer } from './whole-layer.ts'

/** Layers that are fetched and unpacked at once, and indexes: the topmost ones, since they decide first. */
const layersAtOnce = 3

type Sources = Pick<
  ImageUnpackingOptions,
  'writer' | 'blocks' | 'openPart' | 'readIndex' | 'unpackLayer' | 'quietMs'
>

/** A layer with its number, the lowest being 0. */
type Numbered = readonly [number: number, part: ImagePart]

/** An image to be made of its layers. */
export interface Growth {
  readonly key: string
  readonly layers: readonly ImagePart[]
  readonly byIndex: boolean
  /** Aborted when a layer fails: the others are of no use then. */
  readonly ending: AbortController
}

/**
 * Unpacks all layers, the topmost first, each after its index if it has one. Throws what the first layer that fails
 * throws.
 */
export async function growRoot(
  options: Sources,
  image: GrowingImage,
  { key, layers, byIndex, ending }: Growth
): Promise<RootFilesystem> {
  const packed = layers.reduce((total, { size }) => total + size, 0)
  const root = new RootFilesystem({
    writer: options.writer,
    flush: () => options.blocks.flush(),
    layers: layers.length,
    quietMs: options.quietMs,
    mostBytes: Math.min(bounds.flightBytes, Math.max(packed, 4096) * limits.unpackedRatio)
  })
  image.begin(root)
  const parts = [...layers.entries()]
  const signal = ending.signal
  const takeIndex = async ([layer, part]: Numbered): Promise<void> => {
    const index = await indexOf(options, key, part, signal)
    if (index !== undefined) await root.addIndex(layer, index).catch(() => {})
    image.tell()
  }
  const takeLayer = async ([layer, { digest }]: Numbered): Promise<void> => {
    await root.allows(layer, signal)
    const body = await options.openPart(key, 'blobs', digest, signal)
    await root.addLayer(layer, wholeLayer(options.unpackLayer, body, signal))
    image.tell()
  }
  if (byIndex) await fromTheTop(parts, takeIndex, ending)
  const indexed = parts.filter(([layer]) => root.isIndexed(layer))
  const plain = parts.filter(([layer]) => !root.isIndexed(layer))
  // Those without an index first: nothing else tells what they have.
  await fromTheTop([...indexed, ...plain], takeLayer, ending)
  return root
}

/** A few at a time, the last one first. */
async function fromTheTop(
  parts: readonly Numbered[],
  take: (part: Numbered) => Promise<void>,
  ending: AbortController
): Promise<void> {
  const left = [...parts]
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      ending.signal.throwIfAborted()
      await take(next)
    }
  }
  await allOrNone(Array.from({ length: layersAtOnce }, worker), ending)
}

/** Without one that cannot be had soon, or is none, all goes on: the layer itself tells. */
async function indexOf(
  { readIndex }: Sources,
  key: string,
  part: ImagePart,
  signal: AbortSignal
): Promise<LayerIndex | undefined> {
  const soon = AbortSignal.any([signal, AbortSignal.timeout(bounds.indexWaitMs)])
  return await untilAborted(readIndex(key, part, signal), soon).catch(() => {
    signal.throwIfAborted()
    return undefined
  })
}

/** Waits for all; throws what the first failed with, once the others have stopped. */
async function allOrNone(
  works: ReadonlyArray<Promise<void>>,
  ending: AbortController
): Promise<void> {
  let failure: unknown
  const stop = (cause: unknown): void => {
    if (ending.signal.aborted) return
    failure = cause
    ending.abort(cause)
  }
  await Promise.all(works.map(work => work.catch(stop)))
  if (ending.signal.aborted) throw failure
}
