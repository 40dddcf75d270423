import { limits } from '../base/limits.ts'
import { nameFromBytes } from '../base/names.ts'
import type { DirectoryLink } from './api.ts'
import { damaged, MessageReader, varintBytes } from './protobuf.ts'

export interface DecodedNode {
  /** In the order of the block; multihashes are views into it. */
  readonly links: readonly DirectoryLink[]
  /** Where the data lies in the block; undefined if it has none. */
  readonly data: { readonly start: number; readonly end: number } | undefined
}

/**
 * Takes a dag-pb block apart, as strictly as https://ipld.io/specs/codecs/dag-pb/spec/ says: fields in
 * order and once, nothing unknown, nothing after the end. Links may come before the data or after it.
 * Throws `corrupt`.
 */
export function decodeNode(block: Uint8Array): DecodedNode {
  const message = new MessageReader(block)
  const links: DirectoryLink[] = []
  let data: DecodedNode['data']
  let linksEnded = false
  while (!message.done) {
    const tag = message.varint()
    if (tag === 0x0a) {
      if (data !== undefined) throw damaged('it has data twice')
      const start = message.delimited()
      data = { start, end: message.position }
      linksEnded = links.length > 0
    } else if (tag === 0x12) {
      if (linksEnded) throw damaged('links come before and after its data')
      if (links.length >= limits.nodeLinks) throw damaged(`over ${limits.nodeLinks} links`)
      const start = message.delimited()
      links.push(decodeLink(new MessageReader(block, start, message.position)))
    } else {
      throw damaged(`field ${tag} is not of dag-pb`)
    }
  }
  return { links, data }
}

const linkTags = { hash: 0x0a, name: 0x12, size: 0x18 } as const

function decodeLink(message: MessageReader): DirectoryLink {
  const { bytes } = message
  if (message.done || message.varint() !== linkTags.hash) throw damaged('a link without a CID')
  const start = message.delimited()
  const cid = decodeCid(bytes, start, message.position)
  let name = nameFromBytes(new Uint8Array(0))
  let dagBytes = 0
  let last: number = linkTags.hash
  while (!message.done) {
    const tag = message.varint()
    if (tag <= last) throw damaged('fields of a link doubled or out of order')
    last = tag
    if (tag === linkTags.name) {
      const from = message.delimited()
      name = nameFromBytes(bytes.subarray(from, message.position))
    } else if (tag === linkTags.size) {
      dagBytes = message.varint()
    } else {
      throw damaged(`field ${tag} is not of a dag-pb link`)
    }
  }
  return { ...cid, name, dagBytes }
}

/** A binary CID: https://github.com/multiformats/cid#how-does-it-work */
function decodeCid(
  bytes: Uint8Array,
  start: number,
  end: number
): Pick<DirectoryLink, 'codec' | 'multihash' | 'cidVersion'> {
  if (end - start === 34 && bytes[start] === 0x12 && bytes[start + 1] === 0x20) {
    return { codec: 0x70, multihash: bytes.subarray(start, end), cidVersion: 0 }
  }
  const message = new MessageReader(bytes, start, end)
  if (shortestVarint(message) !== 1) throw damaged('a link whose CID is of no known version')
  const codec = shortestVarint(message)
  const multihash = bytes.subarray(message.position, end)
  shortestVarint(message)
  const digestBytes = shortestVarint(message)
  if (digestBytes !== end - message.position) {
    throw damaged('a link whose CID is shorter or longer than its digest')
  }
  return { codec, multihash, cidVersion: 1 }
}

/** In a CID a number has one way to be written: https://github.com/multiformats/unsigned-varint */
function shortestVarint(message: MessageReader): number {
  const start = message.position
  const value = message.varint()
  if (message.position - start === varintBytes(value)) return value
  throw damaged('a link whose CID has a number of more bytes than it needs')
}
