import type { CID } from 'multiformats/cid'
import { type BlockWriter, makeCid } from '../base/blocks.ts'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { UnixfsReader, UnixfsWriter } from '../unixfs/api.ts'
import type { Adapter } from './adapter.ts'
import type { Catalog, CatalogItem, Unpacking } from './api.ts'
import { BufferPool } from './buffers.ts'
import { readStored } from './stored-body.ts'
import { buildTree } from './unpacked-tree.ts'
import { untilAborted } from './until-aborted.ts'

export interface UnpackingOptions {
  readonly catalog: Catalog
  readonly adapters: readonly Adapter[]
  readonly reader: UnixfsReader
  readonly blocks: BlockWriter
  readonly writer: UnixfsWriter
}

/** Unpacks archives of the catalog into UnixFS directories: each once, whoever asks how often. */
export function openUnpacking(options: UnpackingOptions): Unpacking {
  const buffers = new BufferPool()
  const running = new Map<string, Promise<CID>>()
  const begin = (key: string): Promise<CID> => {
    const work = unpackItem(options, buffers, key).finally(() => running.delete(key))
    running.set(key, work)
    work.catch(() => {})
    return work
  }
  return {
    unpack: async (key, { signal } = {}) =>
      options.catalog.unpacked(key) ?? (await untilAborted(running.get(key) ?? begin(key), signal))
  }
}

async function unpackItem(
  { catalog, adapters, reader, blocks, writer }: UnpackingOptions,
  buffers: BufferPool,
  key: string
): Promise<CID> {
  const item = catalog.get(key)
  if (item === undefined) throw new CairnError('not-found', `${key} is not held`)
  const adapter = adapters.find(each => key.startsWith(`${each.name}/`))
  const unpacker = adapter?.unpack?.(key)
  if (unpacker === undefined) throw new CairnError('unsupported', `${key} is not an archive`)
  try {
    const entries = unpacker(readStored(reader, item, buffers))
    const node = await buildTree(writer, entries, item.bytes)
    const cid = makeCid(node.codec, node.multihash, node.cidVersion)
    blocks.flush()
    catalog.setUnpacked(key, cid)
    return cid
  } catch (cause) {
    throw explain(cause, item)
  }
}

function explain(cause: unknown, item: CatalogItem): CairnError {
  const { code, message } = toCairnError(cause)
  return new CairnError(code, `${item.key} cannot be unpacked: ${message}`, { cause })
}
