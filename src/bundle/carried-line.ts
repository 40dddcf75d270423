import { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'
import { type Carried, parseDigest } from '../pull/carry.ts'
import { checkHosted, type HostedRow } from '../pull/carry-hosted.ts'

/** An entry of the catalog, or of what was published, as a line of JSON, without its end. */
export function encodeCarried(carried: Carried | HostedRow): string {
  if (carried.kind !== 'item') return JSON.stringify(carried)
  const { cid, ...item } = carried.item
  return JSON.stringify({ kind: 'item', item: { ...item, cid: cid.toString() } })
}

/** Reads one back. Throws `invalid`. */
export function decodeCarried(line: string): Carried | HostedRow {
  try {
    const { kind, item, key, digest, validatedMs, table, row } = JSON.parse(line) as Record<
      string,
      unknown
    >
    if (kind === 'hosted') return checkHosted(table, row)
    if (kind === 'pointer') {
      return {
        kind,
        key: keyOf(key),
        digest: parseDigest(String(digest)),
        validatedMs: timeOf(validatedMs)
      }
    }
    if (kind === 'item') return { kind, item: itemOf(item as Record<string, unknown>) }
  } catch (cause) {
    throw new CairnError('invalid', 'an entry of the catalog cannot be read', { cause })
  }
  throw new CairnError(
    'invalid',
    'an entry of the catalog is of a kind that is not known: update Cairn'
  )
}

function itemOf(item: Record<string, unknown>): Extract<Carried, { kind: 'item' }>['item'] {
  const optional = (value: unknown) => (value === undefined ? undefined : textOf(value))
  return {
    key: keyOf(item.key),
    cid: CID.parse(textOf(item.cid)),
    bytes: timeOf(item.bytes),
    mediaType: textOf(item.mediaType),
    digests: (item.digests as unknown[]).map(each => parseDigest(textOf(each))),
    etag: optional(item.etag),
    lastModified: optional(item.lastModified),
    storedMs: timeOf(item.storedMs),
    validatedMs: timeOf(item.validatedMs),
    usedMs: timeOf(item.usedMs)
  }
}

function keyOf(value: unknown): string {
  const key = textOf(value)
  if (/^(apt|npm|oci)\/./.test(key) && !key.includes('\0')) return key
  throw new CairnError('invalid', 'a key that belongs to no package manager')
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  throw new CairnError('invalid', 'a text is lacking')
}

function timeOf(value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new CairnError('invalid', 'a number is lacking')
}
