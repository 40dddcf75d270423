import { codec, type Multihash } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, toName } from '../base/names.ts'
import type { DirectoryLink, Node, UnixfsReader, UnixfsWriter } from './api.ts'

/**
 * What UnixFS has no place for (owners, device numbers, extended attributes) stands in a tree of its
 * own beside the content, so that the content's CID is that of the bytes whoever owns them. It is
 * UnixFS too, and has the content's shape: the record of a node is a directory with `facts`, a JSON
 * file of what the node itself has, and, of a directory, `entries`, a directory of the records of
 * those in it that have any. What is not recorded belongs to root and has nothing more. Nodes of the
 * same facts share one record.
 */
export interface NodeFacts {
  /** From 0 to 2^32 - 2. */
  readonly uid: number
  readonly gid: number
  /** The content is an empty file then. */
  readonly device?: Device
  /** By name; bytes. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
}

export interface Device {
  readonly type: 'character' | 'block' | 'fifo'
  /** 0 of a fifo. */
  readonly major: number
  readonly minor: number
}

export const rootFacts: NodeFacts = { uid: 0, gid: 0 }

const factsName = toName('facts')
const entriesName = toName('entries')

/** The record of a node, or undefined if there is nothing to record of it and below it. */
export function writeSideRecord(
  writer: UnixfsWriter,
  facts: NodeFacts,
  entries: readonly DirectoryLink[] = []
): Node | undefined {
  const links: DirectoryLink[] = []
  if (!isPlain(facts)) {
    const builder = writer.file()
    builder.write(Buffer.from(encodeFacts(facts)))
    links.push(linkTo(factsName, builder.finish()))
  }
  if (entries.length > 0) links.push(linkTo(entriesName, writer.directory(entries)))
  return links.length === 0 ? undefined : writer.directory(links)
}

/** The record of an entry of a directory, by the directory's record. Throws `missing`, `corrupt`. */
export function findSideRecord(
  reader: UnixfsReader,
  directory: Multihash,
  name: Name
): Multihash | undefined {
  const entries = reader.lookup(codec.dagPb, directory, entriesName)
  if (entries === undefined) return undefined
  return reader.lookup(entries.codec, entries.multihash, name)?.multihash
}

/** The records of all entries of a directory that have any. Throws as `findSideRecord`. */
export function listSideRecords(reader: UnixfsReader, directory: Multihash): Map<Name, Multihash> {
  const entries = reader.lookup(codec.dagPb, directory, entriesName)
  if (entries === undefined) return new Map()
  const links = reader.list(entries.codec, entries.multihash)
  return new Map(links.map(({ name, multihash }) => [name, multihash]))
}

/** What a record says of its node. Throws `missing`, `corrupt`. */
export function readSideRecord(reader: UnixfsReader, record: Multihash): NodeFacts {
  const link = reader.lookup(codec.dagPb, record, factsName)
  if (link === undefined) return rootFacts
  const { bytes } = reader.infoOf(link.codec, link.multihash)
  if (!(bytes <= limits.sideFactsBytes)) throw damaged(`${bytes} bytes are too many`)
  const text = Buffer.alloc(bytes)
  reader.readFile(link.codec, link.multihash, text, 0)
  return decodeFacts(text.toString('utf8'))
}

/** Fields and attributes in one order: the same facts are the same bytes. */
function encodeFacts({ uid, gid, device, xattrs }: NodeFacts): string {
  const sorted = [...(xattrs ?? [])].sort(([one], [other]) => (one < other ? -1 : 1))
  const texts = sorted.map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  return JSON.stringify({
    uid,
    gid,
    ...(device === undefined ? {} : { device: [device.type, device.major, device.minor] }),
    ...(texts.length === 0 ? {} : { xattrs: Object.fromEntries(texts) })
  })
}

function decodeFacts(text: string): NodeFacts {
  const { uid, gid, device, xattrs } = parseObject(text)
  if (!isId(uid) || !isId(gid)) throw damaged('it names no owner')
  return {
    uid,
    gid,
    ...(device === undefined ? {} : { device: decodeDevice(device) }),
    ...(xattrs === undefined ? {} : { xattrs: decodeXattrs(xattrs) })
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // Said below.
  }
  throw damaged('it is no JSON object')
}

function decodeDevice(value: unknown): Device {
  const [type, major, minor] = Array.isArray(value) ? (value as unknown[]) : []
  const known = type === 'character' || type === 'block' || type === 'fifo'
  if (known && isId(major) && isId(minor)) return { type, major, minor }
  throw damaged('its device is none')
}

function decodeXattrs(value: unknown): Map<string, Uint8Array> {
  if (typeof value !== 'object' || value === null) throw damaged('its attributes are none')
  return new Map(
    Object.entries(value).map(([name, text]) => [name, Buffer.from(String(text), 'base64')])
  )
}

function isPlain({ uid, gid, device, xattrs }: NodeFacts): boolean {
  return uid === 0 && gid === 0 && device === undefined && (xattrs?.size ?? 0) === 0
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 0xffffffff
}

function linkTo(name: Name, { codec: code, multihash, cidVersion, dagBytes }: Node): DirectoryLink {
  return { name, codec: code, multihash, cidVersion, dagBytes }
}

function damaged(what: string): CairnError {
  return new CairnError('corrupt', `a side record is damaged: ${what}`)
}
