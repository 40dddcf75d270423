import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CairnError } from '../base/errors.ts'
import { httpStatus } from '../base/http.ts'
import { Refusal } from './refuse.ts'

export const xmlDeclaration = '<?xml version="1.0" encoding="utf-8"?>\n'

/** A body that is left unread beyond this many bytes ends the connection: reading it would cost more. */
const unreadBytes = 64 * 1024

export function answerEmpty(
  response: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders = {}
): void {
  const length = status === 204 || status === 304 ? {} : { 'content-length': 0 }
  response.writeHead(status, { ...length, ...headers })
  response.end()
}

/** `content`: the children of the root element, XML. */
export function answerXml(
  response: ServerResponse,
  status: number,
  root: 'error' | 'prop' | 'multistatus' | 'mkcol-response',
  content: string,
  headers: OutgoingHttpHeaders = {}
): void {
  const text = `${xmlDeclaration}<D:${root} xmlns:D="DAV:">${content}</D:${root}>\n`
  response.writeHead(status, {
    'content-type': 'application/xml; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    ...headers
  })
  response.end(text)
}

/** Answers what a method threw: `DAV:error` where a condition says more, else a sentence. Returns the status. */
export function answerError(
  request: IncomingMessage,
  response: ServerResponse,
  error: CairnError
): number {
  const status = error instanceof Refusal ? error.status : httpStatus[error.code]
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy()
    return status
  }
  if (!request.complete && announcedBytes(request) > unreadBytes) {
    response.setHeader('connection', 'close')
  }
  if (status === 304) answerEmpty(response, 304)
  else if (error instanceof Refusal && error.condition !== undefined) {
    answerXml(response, status, 'error', error.condition)
  } else answerText(response, status, error.message)
  return status
}

function announcedBytes({ headers }: IncomingMessage): number {
  if (headers['transfer-encoding'] !== undefined) return Infinity
  return Number(headers['content-length'] ?? 0)
}

function answerText(response: ServerResponse, status: number, message: string): void {
  const text = `${message}\n`
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text)
  })
  response.end(text)
}
