import type { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Name } from '../base/names.ts'
import type { DirectoryLink, NodeInfo, UnixfsReader } from '../unixfs/api.ts'

/** One thing of a DAG on its way out: the root has the path ''. */
export interface Exported {
  /** Names joined by slashes, as bytes (one character a byte). */
  readonly path: string
  readonly link: Pick<DirectoryLink, 'codec' | 'multihash'>
  readonly info: NodeInfo
  /** A directory is met before what is in it (`enter`) and after it (`leave`). */
  readonly visit: 'enter' | 'leave'
}

/**
 * A DAG's tree, depth first. Throws as `UnixfsReader`, and `name-too-long` for a tree deeper than any
 * path of Linux can be.
 */
export function* walkTree(reader: UnixfsReader, cid: CID): Generator<Exported> {
  const link = { codec: cid.code, multihash: cid.multihash.bytes }
  yield* walkBelow(reader, '', link)
}

function* walkBelow(
  reader: UnixfsReader,
  path: string,
  link: Exported['link']
): Generator<Exported> {
  if (path.length > limits.symlinkBytes) {
    throw new CairnError('name-too-long', `a path of over ${limits.symlinkBytes} bytes in the DAG`)
  }
  const info = reader.infoOf(link.codec, link.multihash)
  yield { path, link, info, visit: 'enter' }
  if (info.kind !== 'directory') return
  for (const entry of reader.list(link.codec, link.multihash)) {
    yield* walkBelow(reader, joinPath(path, entry.name), entry)
  }
  yield { path, link, info, visit: 'leave' }
}

function joinPath(path: string, name: Name): string {
  return path === '' ? name : `${path}/${name}`
}

/** The content of a file, piece by piece; each piece is overwritten by the next. */
export function* readPieces(
  reader: UnixfsReader,
  { link, info }: Exported,
  buffer: Uint8Array
): Generator<Uint8Array> {
  for (let at = 0; at < info.bytes; ) {
    const count = reader.readFile(link.codec, link.multihash, buffer, at)
    if (count === 0) throw new CairnError('corrupt', 'a file ended before its size said so')
    yield buffer.subarray(0, count)
    at += count
  }
}
