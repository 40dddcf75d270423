import { type BlockReader, codec, type Multihash, multihashKey } from '../base/blocks.ts'
import type { DirectoryLink } from './api.ts'
import { decodeNode } from './decode-node.ts'
import { naming, unknownCodec } from './load-node.ts'

/**
 * Every block of a DAG, each once, parents before children and children in order of their links. Throws
 * `missing` at a block that is not here and `unsupported` at a codec whose links are not known: a
 * walk that left something out would lose data.
 */
export function* walkDag(
  blocks: BlockReader,
  code: number,
  multihash: Multihash
): IterableIterator<{ codec: number; multihash: Multihash }> {
  const seen = new Set<string>()
  const waiting: Array<Pick<DirectoryLink, 'codec' | 'multihash'>> = [{ codec: code, multihash }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const key = multihashKey(next.multihash) + (next.codec === codec.raw ? 'raw' : '')
    if (seen.has(key)) continue
    seen.add(key)
    const links = linksOf(blocks, next.codec, next.multihash)
    yield { codec: next.codec, multihash: next.multihash }
    for (let index = links.length - 1; index >= 0; index--) waiting.push(links[index]!)
  }
}

function linksOf(
  blocks: BlockReader,
  code: number,
  multihash: Multihash
): readonly DirectoryLink[] {
  if (code !== codec.dagPb && code !== codec.raw) throw unknownCodec(code, multihash)
  try {
    if (code === codec.dagPb) return decodeNode(blocks.read(multihash)).links
    if (blocks.size(multihash) === undefined) blocks.read(multihash)
    return []
  } catch (cause) {
    throw naming(code, multihash, cause)
  }
}
