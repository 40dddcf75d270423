import { codec } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import type { DirectoryLink } from './api.ts'
import { decodeNode } from './decode-node.ts'

/** The links of a block, whose multihashes are views into it. Throws `corrupt`, and `unsupported` for a codec whose links are not known. */
export function dagLinks(
  code: number,
  block: Uint8Array
): ReadonlyArray<Pick<DirectoryLink, 'codec' | 'multihash'>> {
  if (code === codec.raw) return []
  if (code === codec.dagPb) return decodeNode(block).links
  throw new CairnError(
    'unsupported',
    `it is of codec 0x${code.toString(16)}, whose links are not known: unpin or remove what leads to it`
  )
}
