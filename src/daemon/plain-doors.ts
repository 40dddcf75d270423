import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Access } from '../base/access.ts'
import type { HttpDoor, Need } from '../base/http.ts'
import { pagePolicy } from '../base/plain-page.ts'
import type { Status } from '../control/api.ts'
import { showAsPage, showAsText } from './front-page.ts'
import type { Metric } from './metrics.ts'

export interface PlainDoorsOptions {
  /** What the front page tells. */
  readonly status: () => Status
  readonly metrics: () => readonly Metric[]
}

/** `/healthz`, `/metrics` and the front page. */
export function openPlainDoors({ status, metrics }: PlainDoorsOptions): HttpDoor[] {
  return [
    page('health', '/healthz', 'nothing', async response => send(response, 'text/plain', 'ok\n')),
    page('metrics', '/metrics', 'admin', async response => {
      const { renderMetrics } = await import('./render-metrics.ts')
      const { contentType, text } = await renderMetrics(metrics())
      send(response, contentType, text)
    }),
    page('front', '/', 'read', async (response, { headers }, access) => {
      const vary = { vary: 'accept' }
      if (!/\btext\/html\b/.test(headers.accept ?? '')) {
        return send(response, 'text/plain', showAsText(status(), access), vary)
      }
      const guarded = { ...vary, 'content-security-policy': pagePolicy }
      send(response, 'text/html', showAsPage(status(), access), guarded)
    })
  ]
}

function page(
  name: string,
  path: string,
  need: Need,
  answer: (response: ServerResponse, request: IncomingMessage, access: Access) => Promise<void>
): HttpDoor {
  return {
    name,
    accepts: request =>
      (request.method === 'GET' || request.method === 'HEAD') &&
      request.url?.split('?', 1)[0] === path,
    serve: async (request, response, _signal, access) => await answer(response, request, access),
    needs: () => need
  }
}

function send(
  response: ServerResponse,
  type: string,
  text: string,
  headers: OutgoingHttpHeaders = {}
): void {
  response.writeHead(200, {
    'content-type': type.includes('charset') ? type : `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers
  })
  response.end(text)
}
