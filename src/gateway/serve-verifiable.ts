import { encode } from '@ipld/dag-cbor'
import type { CID } from 'multiformats/cid'
import { complete } from '../base/complete.ts'
import { digestOf } from '../base/digest.ts'
import { limits } from '../base/limits.ts'
import { type CarBlock, carBlocks, provePlace, readBlock } from './car-blocks.ts'
import { type CarWish, type EntityBytes, resolveBytes } from './car-wish.ts'
import { chooseRange } from './choose-range.ts'
import {
  answerUnchanged,
  cacheControl,
  commonHeaders,
  disposition,
  type Exchange,
  locationOf,
  publicFor,
  send,
  write
} from './exchange.ts'
import { findPlace } from './find-place.ts'
import { mediaTypes } from './parse-request.ts'
import { Refusal } from './refusal.ts'

/** One block: https://specs.ipfs.tech/http-gateways/trustless-gateway/#block-responses-application-vnd-ipld-raw */
export async function serveBlock(exchange: Exchange): Promise<void> {
  const { asked, blocks, reader, request, response, root, signal } = exchange
  const place = await complete(exchange, signal, () => findPlace(reader, root, asked.path))
  const headers = {
    ...commonHeaders(exchange, place.cids),
    etag: `"${place.cid}.raw"`,
    ...cacheControl(exchange),
    'accept-ranges': 'bytes'
  }
  if (answerUnchanged(exchange, headers)) return
  const bytes = await complete(exchange, signal, () => readBlock(blocks, place.cid))
  const range = chooseRange(exchange, headers, bytes.byteLength)
  if (range === undefined) return
  const sent = bytes.subarray(range.start, range.end + 1)
  if (request.method !== 'HEAD') await exchange.pace(sent.byteLength, signal)
  response.writeHead(range.status, {
    ...headers,
    ...range.headers,
    'content-type': mediaTypes.raw,
    'content-disposition': disposition('attachment', asked.filename ?? `${place.cid}.bin`)
  })
  response.end(request.method === 'HEAD' ? undefined : sent)
}

/**
 * A CAR that is made as it is sent: https://specs.ipfs.tech/http-gateways/trustless-gateway/#car-responses-application-vnd-ipld-car
 * A block that cannot be had breaks the connection off: half a CAR must not look whole.
 */
export async function serveCar(exchange: Exchange, wish: CarWish): Promise<void> {
  const { asked, request, response, root } = exchange
  const place = await provePlace(exchange, root, asked.path)
  if (wish.bytes !== undefined) await checkWithin(exchange, place.cid, wish.bytes)
  const name = `${place.cid}.car`
  const headers = {
    ...commonHeaders(exchange, place.cids),
    etag: `W/"${name}.${digestOf('sha256', Buffer.from(`${asked.pathText} ${JSON.stringify(wish)}`)).slice(7, 23)}"`,
    ...cacheControl(exchange),
    'accept-ranges': 'none'
  }
  if (answerUnchanged(exchange, headers)) return
  const first = carBlocks(exchange, place, wish)
  const begun = await first.next()
  response.writeHead(200, {
    ...headers,
    'content-type': `${mediaTypes.car}; version=1; order=dfs; dups=${wish.duplicates ? 'y' : 'n'}`,
    'content-disposition': disposition('attachment', asked.filename ?? name)
  })
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  const header = encode({ version: 1, roots: [place.cid] })
  await write(exchange, Buffer.concat([varint(header.length), header]))
  if (begun.done !== true) await send(exchange, record(begun.value))
  for await (const block of first) await send(exchange, record(block))
  response.end()
}

/** https://specs.ipfs.tech/http-gateways/trustless-gateway/#entity-bytes-request-query-parameter: what lies outside is told at once. */
async function checkWithin(exchange: Exchange, cid: CID, range: EntityBytes): Promise<void> {
  const { reader, signal } = exchange
  const { kind, bytes } = await complete(exchange, signal, () => reader.info(cid))
  if (kind !== 'file' || bytes === 0) return
  const { start, end } = resolveBytes(range, bytes)
  if (start === end) throw new Refusal(400, `the file has ${bytes} bytes, and none of these`)
}

function record({ cid, bytes }: CarBlock): Uint8Array {
  return Buffer.concat([varint(cid.bytes.length + bytes.length), cid.bytes, bytes])
}

/** https://github.com/multiformats/unsigned-varint */
function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

/** A signed record: https://specs.ipfs.tech/http-gateways/trustless-gateway/#ipns-record-responses-application-vnd-ipfs-ipns-record */
export function serveRecord({
  asked,
  names,
  request,
  response
}: Pick<Exchange, 'asked' | 'names' | 'request' | 'response'>): void {
  if (asked.namespace !== 'ipns') throw new Refusal(400, 'records are of names: ask below /ipns/')
  if (asked.path.length > 0) throw new Refusal(400, 'a record is of a name, not of a path')
  const found = names.record(asked.root)
  if (found === undefined) throw new Refusal(404, 'no record of this name is held here')
  const { bytes, ttlMs } = found
  const headers = {
    etag: `"${digestOf('sha256', bytes).slice(7, 47)}"`,
    'cache-control': publicFor(ttlMs, limits.recordMaxAgeMs),
    'x-content-type-options': 'nosniff',
    vary: 'accept',
    ...locationOf({ asked })
  }
  if (answerUnchanged({ request, response }, headers)) return
  response.writeHead(200, {
    ...headers,
    'content-type': mediaTypes['ipns-record'],
    'content-length': bytes.byteLength,
    'content-disposition': disposition('attachment', asked.filename ?? `${asked.root}.ipns-record`)
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
}
