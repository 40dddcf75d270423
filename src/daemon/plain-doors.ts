import type { ServerResponse } from 'node:http'
import type { HttpDoor, Need } from '../base/http.ts'
import type { Metric } from './metrics.ts'

export interface PlainDoorsOptions {
  /** The lines of the front page. */
  readonly frontPage: () => readonly string[]
  readonly metrics: () => readonly Metric[]
}

/** `/healthz`, `/metrics` and the front page. */
export function openPlainDoors({ frontPage, metrics }: PlainDoorsOptions): HttpDoor[] {
  return [
    page('health', '/healthz', 'nothing', async response => send(response, 'text/plain', 'ok\n')),
    page('metrics', '/metrics', 'admin', async response => {
      const { renderMetrics } = await import('./render-metrics.ts')
      const { contentType, text } = await renderMetrics(metrics())
      send(response, contentType, text)
    }),
    page('front', '/', 'read', async response =>
      send(response, 'text/plain', `${frontPage().join('\n')}\n`)
    )
  ]
}

function page(
  name: string,
  path: string,
  need: Need,
  answer: (response: ServerResponse) => Promise<void>
): HttpDoor {
  return {
    name,
    accepts: request =>
      (request.method === 'GET' || request.method === 'HEAD') &&
      request.url?.split('?', 1)[0] === path,
    serve: async (_request, response) => await answer(response),
    needs: () => need
  }
}

function send(response: ServerResponse, type: string, text: string): void {
  response.writeHead(200, {
    'content-type': type.includes('charset') ? type : `${type}; charset=utf-8`,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff'
  })
  response.end(text)
}
