import type { CID } from 'multiformats/cid'
import { cidFromText } from '../base/cid-text.ts'
import { CairnError } from '../base/errors.ts'
import type { PinResult, TransferStatus } from '../control/api.ts'
import type { Names } from '../names/api.ts'
import type { DagFetcher } from '../names/fetch-dag.ts'
import type { TransferProgress } from '../names/transfer-dag.ts'
import type { Content } from './content.ts'

export interface PinContentOptions {
  readonly content: Pick<Content, 'roots'>
  readonly names: Pick<Names, 'find'>
  readonly fetcher: DagFetcher
}

export interface PinOrder {
  /** `/ipfs/CID` or `/ipns/NAME`, and a path below it. */
  readonly path: string
  readonly label: string
}

type OnProgress = (progress: TransferProgress) => void

/**
 * Brings all that is below a path here and pins it; what a name stands at now stays pinned when it moves. Throws
 * `not-found`, `missing` for what nobody has: then nothing is pinned, and what came is there the next time.
 */
export async function pinContent(
  { content, names, fetcher }: PinContentOptions,
  { path, label }: PinOrder,
  signal: AbortSignal,
  onProgress: OnProgress
): Promise<CID> {
  const { roots } = content
  const [, tree, root = '', ...below] = path
    .split('/')
    .filter((part, at) => at === 0 || part !== '')
  const cid = await fetcher.walk(rootOf(names, tree, root), below, signal)
  // Pinned before it is brought here: what a collection has not dropped by now it keeps.
  const known = roots.pins().some(pin => pin.cid.equals(cid))
  roots.pin(cid, { label })
  try {
    await fetcher.whole(cid, signal, onProgress)
  } catch (cause) {
    if (!known) roots.unpin(cid)
    throw cause
  }
  return cid
}

function rootOf(names: Pick<Names, 'find'>, tree: string | undefined, root: string): CID {
  if (tree === 'ipns') {
    const cid = names.find(root)?.place.cid
    if (cid !== undefined) return cid
    throw new CairnError('not-found', `${root} is neither published nor followed here`)
  }
  const cid = tree === 'ipfs' ? cidFromText(root) : undefined
  if (cid !== undefined) return cid
  throw new CairnError('usage', `${root} is no CID: give /ipfs/CID or /ipns/NAME`)
}

/** The pinning that the daemon does, and how far it is. */
export class Pinning {
  readonly #options: PinContentOptions
  readonly #under = new Set<{ path: string; progress: TransferProgress }>()

  constructor(options: PinContentOptions) {
    this.#options = options
  }

  async pin(order: PinOrder, signal: AbortSignal): Promise<PinResult> {
    const progress = { blocks: 0, bytes: 0, hereBytes: 0, totalBytes: 0 }
    const entry = { path: order.path, progress }
    this.#under.add(entry)
    try {
      const cid = await pinContent(this.#options, order, signal, now => {
        entry.progress = now
      })
      return { cid: cid.toString(), blocks: entry.progress.blocks, bytes: entry.progress.bytes }
    } finally {
      this.#under.delete(entry)
    }
  }

  list(): TransferStatus[] {
    return Array.from(this.#under, ({ path, progress }) => ({ path, ...progress }))
  }
}
