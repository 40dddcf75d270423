import type { IncomingMessage, ServerResponse } from 'node:http'
import { answerEmpty, answerXml } from '../answer.ts'
import { describeResponse } from '../multistatus.ts'
import { davHeaders } from './options.ts'

/**
 * `/`, above the drive: Windows asks every folder on the way to what it maps, and enters only what
 * the one above lists.
 */
export function isAboveDav({ method, url }: IncomingMessage): boolean {
  return (method === 'OPTIONS' || method === 'PROPFIND') && (url === '/' || url === '*')
}

export function serveAboveDav(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'OPTIONS') {
    answerEmpty(response, 200, { ...davHeaders, allow: 'OPTIONS, GET, HEAD, PROPFIND' })
    return
  }
  const properties = [{ status: 200, content: collection }]
  const members = request.headers.depth === '0' ? ['/'] : ['/', '/dav/']
  const responses = members.map(href => describeResponse(href, properties))
  answerXml(response, 207, 'multistatus', responses.join(''))
}

const collection = '<D:resourcetype><D:collection/></D:resourcetype>'
