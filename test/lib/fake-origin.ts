import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the origin answers one request; `null` lets the next entry of the list decide. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse) => void

export interface OriginItem {
  readonly body: Buffer
  /** Sent, and honoured in conditional requests. */
  readonly etag?: string
  readonly lastModified?: string
  /** Answers `Range` with 206. */
  readonly ranges?: boolean
  /** Sent with every answer that has the body. */
  readonly headers?: Readonly<Record<string, string>>
  /** Tried in turn, one a request; when they are used up the origin behaves. */
  readonly faults?: Misbehaviour[]
}

export interface FakeOrigin {
  /** Ends with a slash. */
  readonly url: string
  /** By path without the leading slash. */
  readonly items: Map<string, OriginItem>
  /** Requests so far, in order: `GET path`. */
  readonly requests: Array<{
    path: string
    method: string
    headers: IncomingMessage['headers']
    status: number
  }>
  count: (path: string) => number
  /** Refuses connections from now on, as a machine that is gone. */
  down: () => Promise<void>
  close: () => Promise<void>
}

/** An upstream on loopback that does what it is told, counts, and misbehaves on demand. */
export async function openFakeOrigin(): Promise<FakeOrigin> {
  const items: FakeOrigin['items'] = new Map()
  const requests: FakeOrigin['requests'] = []
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1)
    const entry = { path, method: request.method ?? '', headers: request.headers, status: 0 }
    requests.push(entry)
    const item = items.get(path)
    const fault = item?.faults?.shift()
    if (fault !== undefined) fault(request, response)
    else answer(item, request, response)
    entry.status = response.statusCode
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    items,
    requests,
    count: path => requests.filter(request => request.path === path).length,
    down: close,
    close
  }
}

function answer(
  item: OriginItem | undefined,
  request: IncomingMessage,
  response: ServerResponse
): void {
  if (item === undefined) {
    response.writeHead(404).end('no such thing')
    return
  }
  if (item.etag !== undefined) response.setHeader('etag', item.etag)
  if (item.lastModified !== undefined) response.setHeader('last-modified', item.lastModified)
  for (const [name, value] of Object.entries(item.headers ?? {})) response.setHeader(name, value)
  const { headers } = request
  const matches =
    (item.etag !== undefined && headers['if-none-match'] === item.etag) ||
    (item.lastModified !== undefined && headers['if-modified-since'] === item.lastModified)
  if (matches) {
    response.writeHead(304).end()
    return
  }
  const [, from, to = ''] = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '') ?? []
  const condition = headers['if-range']
  const same = condition === undefined || condition === item.etag || condition === item.lastModified
  if (item.ranges === true && from !== undefined && same) {
    const start = Number(from)
    const { length } = item.body
    if (start >= length) {
      response.writeHead(416, { 'content-range': `bytes */${length}` }).end()
      return
    }
    const end = to === '' ? length : Math.min(length, Number(to) + 1)
    response
      .writeHead(206, {
        'content-range': `bytes ${start}-${end - 1}/${length}`,
        'content-length': end - start
      })
      .end(item.body.subarray(start, end))
    return
  }
  response.writeHead(200, { 'content-length': item.body.length }).end(item.body)
}

export function status(code: number): Misbehaviour {
  return (_request, response) => void response.writeHead(code).end('as told')
}

/** Announces all of the body, sends a part, breaks the connection. */
export function cutAfter(bytes: number, item: OriginItem): Misbehaviour {
  return (_request, response) => {
    response.writeHead(200, { ...validators(item), 'content-length': item.body.length })
    response.write(item.body.subarray(0, bytes), () => response.socket?.end())
  }
}

/** Sends a part and then nothing, with the connection open. */
export function stallAfter(bytes: number, item: OriginItem): Misbehaviour {
  return (_request, response) => {
    response.writeHead(200, { ...validators(item), 'content-length': item.body.length })
    response.write(item.body.subarray(0, bytes))
  }
}

/** Sends a byte now and then, for ever; `pauseMs` apart. */
export function trickle(pauseMs: number): Misbehaviour {
  return (_request, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'), pauseMs)
    response.once('close', () => clearInterval(timer))
  }
}

/** Takes the request and never answers. */
export function silence(): Misbehaviour {
  return () => {}
}

/** Sends these bytes instead, with their own length. */
export function otherBytes(body: Buffer): Misbehaviour {
  return (_request, response) =>
    void response.writeHead(200, { 'content-length': body.length }).end(body)
}

/** Sends without announcing a length, for ever, as fast as it is read. */
export function neverEnds(): Misbehaviour {
  return (_request, response) => {
    const piece = Buffer.alloc(65_536, 'x')
    const pump = (): void => {
      while (!response.destroyed && response.write(piece));
    }
    response.writeHead(200)
    response.on('drain', pump)
    pump()
  }
}

/** Does that to the first request for the whole; parts are sent as they are asked for. */
export function ofWhole(fault: Misbehaviour, item: OriginItem): OriginItem {
  const parts = { ...item, ranges: true }
  const faults: Misbehaviour[] = []
  const each: Misbehaviour = (request, response) => {
    if (request.headers.range === undefined) return fault(request, response)
    faults.unshift(each)
    answer(parts, request, response)
  }
  faults.push(each)
  return { ...parts, faults }
}

/** Sends the body in pieces, each when `next` is called, so that a test decides what has arrived; `cut` breaks the connection. */
export function inSteps(
  item: OriginItem,
  pieceBytes: number
): { fault: Misbehaviour; next: () => void; cut: () => void } {
  let open: ServerResponse | undefined
  let sent = 0
  const started = Promise.withResolvers<void>()
  const step = async (): Promise<void> => {
    await started.promise
    const end = Math.min(sent + pieceBytes, item.body.length)
    open?.write(item.body.subarray(sent, end))
    sent = end
    if (sent === item.body.length) open?.end()
  }
  return {
    fault: (_request, response) => {
      response.writeHead(200, { ...validators(item), 'content-length': item.body.length })
      response.flushHeaders()
      open = response
      started.resolve()
    },
    next: () => void step(),
    cut: () => void open?.destroy()
  }
}

function validators(item: OriginItem): Record<string, string> {
  return {
    ...(item.etag === undefined ? {} : { etag: item.etag }),
    ...(item.lastModified === undefined ? {} : { 'last-modified': item.lastModified })
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
