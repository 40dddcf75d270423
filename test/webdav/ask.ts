import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
}

export interface Question {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
  readonly agent?: Agent
}

/** One request, its target exactly as given. */
export function ask(
  port: number,
  method: string,
  path: string,
  { headers = {}, body, agent }: Question = {}
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const chunked = headers['transfer-encoding'] !== undefined
  const length = body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) }
  const sentHeaders = { ...length, ...headers }
  const options = { port, host: '127.0.0.1', method, path, headers: sentHeaders, agent }
  const sent = request(options, response => {
    const pieces: Buffer[] = []
    response.on('data', piece => pieces.push(piece))
    response.on('error', reject)
    response.on('end', () => {
      const bytes = Buffer.concat(pieces)
      const { statusCode: status = 0, headers } = response
      resolve({ status, headers, bytes, text: bytes.toString() })
    })
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

/** Sends bytes as they are and returns the head of what comes back, or '' if the server hung up. */
export function askHead(port: number, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const socket = connect(port, '127.0.0.1', () => socket.write(text))
  let received = ''
  const done = () => {
    socket.destroy()
    resolve(received.split('\r\n\r\n')[0] ?? '')
  }
  socket.on('data', piece => {
    received += piece.toString('latin1')
    if (received.includes('\r\n\r\n')) done()
  })
  socket.on('error', done)
  socket.on('close', done)
  return promise
}

/** As `askHead`, the first line only. */
export async function askRaw(port: number, text: string): Promise<string> {
  return (await askHead(port, text)).split('\r\n')[0] ?? ''
}

export const lockInfo = (scope: 'exclusive' | 'shared' = 'exclusive') =>
  `<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:${scope}/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>me</D:owner></D:lockinfo>`
