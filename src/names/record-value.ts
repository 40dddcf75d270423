import { CID } from 'multiformats/cid'
import { cidFromText } from '../base/cid-text.ts'
import { CairnError } from '../base/errors.ts'
import { readIpnsName } from './ipns-name.ts'

/** Where a record leads, and the path below it. A domain is resolved by DNSLink. */
export type RecordTarget =
  | { readonly kind: 'content'; readonly cid: CID; readonly path: readonly string[] }
  | { readonly kind: 'name'; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: 'domain'; readonly domain: string; readonly path: readonly string[] }

/** Parses `/ipfs/<cid>/path`, `/ipns/<name>/path` and `/ipns/<domain>/path`. Throws `invalid`. */
export function parseRecordValue(value: string): RecordTarget {
  const [empty, tree, root = '', ...below] = value.split('/')
  const path = below.filter(part => part !== '')
  if (empty === '' && tree === 'ipfs') {
    const cid = cidFromText(root)
    if (cid !== undefined) return { kind: 'content', cid, path }
  }
  if (empty === '' && tree === 'ipns') {
    const name = readIpnsName(root)
    if (name !== undefined) return { kind: 'name', name, path }
    if (isDomain(root)) return { kind: 'domain', domain: root.toLowerCase(), path }
  }
  throw new CairnError(
    'invalid',
    `${JSON.stringify(value.slice(0, 200))} leads nowhere that is known`
  )
}

/** A name of DNS with a dot in it, up to 253 characters: https://www.rfc-editor.org/rfc/rfc1123#section-2.1 */
export function isDomain(text: string): boolean {
  if (text.length > 253 || !text.includes('.')) return false
  return text.split('.').every(label => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i.test(label))
}

/** What a name is published as. Version 0 would do, but base32 is what all write today. */
export function valueOfCid(cid: CID): string {
  return `/ipfs/${cid.version === 0 ? CID.createV1(cid.code, cid.multihash) : cid}`
}
