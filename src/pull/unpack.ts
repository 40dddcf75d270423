import type { CID } from 'multiformats/cid'
import { type BlockReader, type BlockWriter, makeCid } from '../base/blocks.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { UnixfsReader, UnixfsWriter } from '../unixfs/api.ts'
import type { Adapter } from './adapter.ts'
import type { Catalog, CatalogItem, Log, Unpacking } from './api.ts'
import { BufferPool } from './buffers.ts'
import { HeldItems } from './held-items.ts'
import type { InUse } from './in-use.ts'
import { unpackOnce } from './unpack-once.ts'
import { buildTree } from './unpacked-tree.ts'

export interface UnpackingOptions {
  readonly catalog: Catalog
  readonly adapters: readonly Adapter[]
  readonly reader: UnixfsReader
  readonly blocks: BlockReader & BlockWriter
  readonly writer: UnixfsWriter
  readonly log: Log
  readonly clock?: Clock
  readonly inUse?: InUse
}

/** Unpacks archives of the catalog into UnixFS directories: each once, whoever asks how often. */
export function openUnpacking(options: UnpackingOptions): Unpacking {
  const held = new HeldItems(options, new BufferPool())
  return unpackOnce(options.catalog, key => unpackItem(options, held, key))
}

async function unpackItem(
  { catalog, adapters, blocks, writer, clock = systemClock }: UnpackingOptions,
  held: HeldItems,
  key: string
): Promise<CID> {
  const item = held.get(key)
  if (item === undefined) throw new CairnError('not-found', `${key} is not held`)
  const adapter = adapters.find(each => key.startsWith(`${each.name}/`))
  const unpacker = adapter?.unpack?.(key)
  if (unpacker === undefined) throw new CairnError('unsupported', `${key} is not an archive`)
  try {
    const entries = unpacker(held.read(item))
    const node = await buildTree(writer, entries, item.bytes)
    const cid = makeCid(node.codec, node.multihash, node.cidVersion)
    // A row that outlives blocks of the tree would be an error for ever: nobody fetches it anew.
    blocks.flush({ durable: true })
    const tree = { cid, archive: item.cid, bytes: node.dagBytes }
    catalog.setUnpacked(key, tree, clock.nowMs())
    return cid
  } catch (cause) {
    throw explain(cause, item)
  }
}

function explain(cause: unknown, item: CatalogItem): CairnError {
  const { code, message } = toCairnError(cause)
  return new CairnError(code, `${item.key} cannot be unpacked: ${message}`, { cause })
}
