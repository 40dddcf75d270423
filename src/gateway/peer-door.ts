import type { IncomingMessage, ServerResponse } from 'node:http'
import { type ByteRange, parseRanges } from '../base/byte-ranges.ts'
import { algorithmOf, type Digest, digestAlgorithms, digestFromHex } from '../base/digest.ts'
import { CairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import { peerPrefix } from '../net/find-digest.ts'
import type { Shelf } from '../pull/shelf.ts'
import { write } from './exchange.ts'
import type { Pace } from './pace.ts'

export interface PeerDoorOptions {
  readonly shelf: Shelf
  readonly pace: Pace
  /** Takes a record that a peer brought; it is verified here. Throws what is wrong with it. */
  readonly takeRecord: (name: string, record: Uint8Array) => void
}

/** The digest protocol, as who is asked: docs/peer-protocol.md. */
export function openPeerDoor(options: PeerDoorOptions): HttpDoor {
  const sending = { count: 0 }
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
  readonly sending: { count: number }
}

interface Call {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly signal: AbortSignal
}

async function sendDigest(
  { shelf, pace, sending }: Sending,
  call: Call,
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
  if (sending.count >= limits.peerTransfers) {
    response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end()
    return
  }
  sending.count++
  try {
    await sendRange({ call, pace, head }, found, { start, end })
  } finally {
    sending.count--
  }
}

/** The head goes with the first piece: what cannot be read is answered by an error. */
async function sendRange(
  { call, pace, head }: { call: Call; pace: Pace; head: () => unknown },
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
