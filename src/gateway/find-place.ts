import type { CID } from 'multiformats/cid'
import { type BlockReader, type Multihash, makeCid } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { type Name, nameText } from '../base/names.ts'
import type { UnixfsReader } from '../unixfs/api.ts'
import { Refusal } from './refusal.ts'

/** Where a path leads. */
export interface Place {
  readonly cid: CID
  /** The root, then one CID a part of the path; the last is `cid`. */
  readonly cids: readonly CID[]
}

/** Walks a path below a root, once. Throws `missing` with its want, and a refusal with 404 where nothing is. */
export function findPlace(reader: UnixfsReader, root: CID, path: readonly Name[]): Place {
  const cids = [root]
  let at = root
  for (const name of path) {
    const link = lookup(reader, at, name)
    if (link === undefined) {
      throw new Refusal(404, `${at} has no ${JSON.stringify(nameText(name))}`)
    }
    at = makeCid(link.codec, link.multihash, link.cidVersion)
    cids.push(at)
  }
  return { cid: at, cids }
}

function lookup(reader: UnixfsReader, { code, multihash }: CID, name: Name) {
  try {
    return reader.lookup(code, multihash.bytes, name)
  } catch (cause) {
    if (cause instanceof CairnError && cause.code === 'not-directory') return undefined
    throw cause
  }
}

/** The same blocks, telling of each that is read whole: the nodes that a path or a folder takes. */
export function recording(
  blocks: BlockReader,
  onRead: (multihash: Multihash) => void
): BlockReader {
  return {
    size: multihash => blocks.size(multihash),
    read: multihash => {
      const bytes = blocks.read(multihash)
      onRead(multihash)
      return bytes
    },
    readInto: (multihash, offset, target) => {
      const count = blocks.readInto(multihash, offset, target)
      onRead(multihash)
      return count
    }
  }
}
