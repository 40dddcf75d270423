import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { CairnError } from '../base/errors.ts'
import { escapeXml } from '../base/escape-xml.ts'
import { httpStatus } from '../base/http.ts'
import { hintsOf } from './allowed.ts'
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
  for (const [name, value] of Object.entries(hintsOf(status, request.method ?? ''))) {
    if (value !== undefined) response.setHeader(name, value)
  }
  const condition = conditionOf(error)
  if (status === 304) answerEmpty(response, 304)
  else if (condition !== undefined) {
    answerXml(response, status, 'error', `${condition}${inWords(error.message)}`)
  } else answerText(response, status, error.message)
  return status
}

/** A full disk is told as https://www.rfc-editor.org/rfc/rfc4331#section-6 has it. */
function conditionOf(error: CairnError): string | undefined {
  if (error instanceof Refusal) return error.condition
  return error.code === 'no-space' ? '<D:sufficient-disk-space/>' : undefined
}

/** For people: clients pass over elements that they do not know. */
function inWords(message: string): string {
  return `<C:message xmlns:C="urn:cairn:dav">${escapeXml(message)}</C:message>`
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
