import { limits } from '../../base/limits.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import { bounds } from '../bounds.ts'
import type { GrowingImage } from './growing-image.ts'
import { RootFilesystem } from './root-filesystem.ts'
import type { ImagePart, ImageUnpackingOptions } from './unpack-image.ts'
import { wholeLayer } from './whole-layer.ts'

/** Layers that are fetched and unpacked at once, and indexes: the topmost ones, since they decide first. */
const layersAtOnce = 3

type Sources = Pick<
  ImageUnpackingOptions,
  'writer' | 'blocks' | 'openPart' | 'readIndex' | 'unpackLayer'
>

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
    mostBytes: Math.min(bounds.flightBytes, Math.max(packed, 4096) * limits.unpackedRatio)
  })
  image.begin(root)
  const indexed = layers.map(() => Promise.withResolvers<void>())
  const unindexed = byIndex ? [...layers.entries()] : []
  const takeIndexes = async (): Promise<void> => {
    for (let next = unindexed.pop(); next !== undefined; next = unindexed.pop()) {
      const [layer, part] = next
      await takeIndex(options, root, { key, layer, part, signal: ending.signal })
      indexed[layer]?.resolve()
      image.tell()
    }
  }
  const left = [...layers.entries()]
  const takeLayers = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      ending.signal.throwIfAborted()
      const [index, { digest }] = next
      if (byIndex) await untilAborted(indexed[index]!.promise, ending.signal)
      const body = await options.openPart(key, 'blobs', digest, ending.signal)
      await root.addLayer(index, wholeLayer(options.unpackLayer, body, ending.signal))
      image.tell()
    }
  }
  const works = [takeIndexes, takeLayers].flatMap(work =>
    Array.from({ length: layersAtOnce }, work)
  )
  await allOrNone(works, ending)
  return root
}

/** Without one that cannot be had all goes on: the layer itself tells. */
async function takeIndex(
  { readIndex }: Sources,
  root: RootFilesystem,
  want: { key: string; layer: number; part: ImagePart; signal: AbortSignal }
): Promise<void> {
  const { key, layer, part, signal } = want
  try {
    const index = await readIndex(key, part, signal)
    if (index !== undefined) await root.addIndex(layer, index)
  } catch {
    signal.throwIfAborted()
  }
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
