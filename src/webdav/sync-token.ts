import { cidFromText } from '../base/cid-text.ts'
import { type Name, toName } from '../base/names.ts'
import type { NodeResource } from './resource.ts'

const prefix = 'urn:cairn:sync:'

/** Names the content that a sealed collection has: https://www.rfc-editor.org/rfc/rfc6578#section-4 */
export function syncToken(cid: string): string {
  return `${prefix}${cid}`
}

/** Of a directory below `/dav/ipfs`. */
export function syncTokenOf({ tree, attributes }: NodeResource): string {
  return syncToken(Buffer.from(tree.xattr(attributes.ino, 'user.cairn.cid')).toString('latin1'))
}

/** The CID that a token names; undefined for what is no token. */
export function tokenCid(token: string): Name | undefined {
  const text = token.startsWith(prefix) ? token.slice(prefix.length) : ''
  return cidFromText(text) === undefined ? undefined : toName(text)
}
