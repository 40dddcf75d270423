import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ByteRange, parseRanges } from '../base/byte-ranges.ts'
import { algorithmOf, type Digest, digestAlgorithms, digestFromHex } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import { peerPrefix } from '../net/find-digest.ts'
import type { Shelf } from '../pull/shelf.ts'
import { write } from './exchange.ts'
import { type PeerCall, readCidList, type SendBlocksOptions, sendBlocks } from './send-blocks.ts'
import { Transfers } from './transfers.ts'

export interface PeerDoorOptions extends SendBlocksOptions {
  readonly shelf: Shelf
  /** Takes a record that a peer brought; it is verified here. Throws what is wrong with it. */
  readonly takeRecord: (name: string, record: Uint8Array) => void
}

/** The peer protocol, as who is asked: docs/peer-protocol.md. */
export function openPeerDoor(options: PeerDoorOptions): HttpDoor {
  const sending = new Transfers()
  return {
    name: 'peer',
    accepts: ({ url = '' }) => url.startsWith(peerPrefix),
    serve: async (request, response, signal) => {
      const [kind = '', name = '', ...more] = (request.url ?? '')
        .slice(peerPrefix.length)
        .split('/')
      const reads = request.method === 'GET' || request.method === 'HEAD'
      if (more.length > 0) throw new CairnError('not-found', 'the protocol has no such path')
      if (kind === 'digest' && reads) {
        await sendDigest({ ...options, sending }, { request, response, signal }, parseDigest(name))
      } else if (kind === 'blocks' && name === '' && request.method === 'POST') {
        const cids = await readCidList(request)
        const call = { request, response, signal }
        await counted(sending, call, () => sendBlocks(options, call, cids))
      } else if (kind === 'record' && request.method === 'PUT') {
        await takeRecord(options, request, response, name)
      } else throw new CairnError('not-found', 'the protocol has no such path')
    }
  }
}

function parseDigest(text: string): Digest {
  const [algorithm, hex = ''] = decodeURIComponent(text.slice(0, 400)).split(':')
  const known = digestAlgorithms.find(each => each === algorithm)
  if (known === undefined) throw new CairnError('invalid', 'ask for sha256:<hex> or sha512:<hex>')
  return digestFromHex(known, hex)
}

interface Sending extends PeerDoorOptions {
  readonly sending: Transfers
}

/** Runs what sends a body, unless too many are being sent, or too many to this peer. */
async function counted(
  sending: Transfers,
  { request, response }: PeerCall,
  send: () => Promise<void>
): Promise<void> {
  const ended = sending.begin(request.socket.remoteAddress ?? '')
  if (ended === undefined) {
    response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end()
    return
  }
  try {
    await send()
  } finally {
    ended()
  }
}

async function sendDigest(
  { shelf, pace, sending }: Sending,
  call: PeerCall,
  digest: Digest
): Promise<void> {
  const { request, response } = call
  const found = shelf.find(digest)
  if (found === undefined) {
    throw new CairnError('not-found', `no ${algorithmOf(digest)} like that is here`)
  }
  const ranges = parseRanges(request.headers.range, found.bytes)
  const headers = { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' }
  if (ranges === 'unsatisfiable') {
    response.writeHead(416, { ...headers, 'content-range': `bytes */${found.bytes}` }).end()
    return
  }
  const [range] = ranges === 'whole' || ranges.length > 1 ? [] : ranges
  const { start, end } = range ?? { start: 0, end: found.bytes - 1 }
  const head = () =>
    response.writeHead(range === undefined ? 200 : 206, {
      ...headers,
      'content-length': end - start + 1,
      ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${found.bytes}` })
    })
  if (request.method === 'HEAD') {
    head().end()
    return
  }
  await counted(sending, call, () => sendRange({ call, pace, head }, found, { start, end }))
}

/** The head goes with the first piece: what cannot be read is answered by an error. */
async function sendRange(
  { call, pace, head }: Pick<Sending, 'pace'> & { call: PeerCall; head: () => unknown },
  found: NonNullable<ReturnType<Shelf['find']>>,
  { start, end }: ByteRange
): Promise<void> {
  for await (const piece of found.read({ start, end: end + 1 })) {
    if (!call.response.headersSent) head()
    await pace(piece.byteLength, call.signal)
    await write(call, piece)
  }
  if (!call.response.headersSent) head()
  call.response.end()
}

async function takeRecord(
  { takeRecord: take }: PeerDoorOptions,
  request: IncomingMessage,
  response: ServerResponse,
  name: string
): Promise<void> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of request) {
    bytes += (piece as Uint8Array).byteLength
    if (bytes > limits.recordBytes) {
      throw new CairnError('file-too-large', `a record has ${limits.recordBytes} bytes at most`)
    }
    pieces.push(piece as Uint8Array)
  }
  take(decodeURIComponent(name.slice(0, 400)), Buffer.concat(pieces))
  response.writeHead(204).end()
}
