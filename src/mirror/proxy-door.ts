import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpDoor } from '../base/http.ts'
import type { Classification } from '../pull/adapter.ts'
import type { Pull } from '../pull/api.ts'
import { keyOf } from '../pull/url/fetch-url.ts'
import { respond } from './respond.ts'
import { isAbsolute } from './target.ts'

export interface ProxyDoorOptions {
  /** Hosts that are fetched from, with the port where it is not 80; `*.example` is all below `example`. */
  readonly hosts: () => readonly string[]
  /** Origins that another door serves. */
  readonly others: () => readonly string[]
  readonly pull: Pull
}

/**
 * Whole http URLs of the hosts named, for wget, curl and whatever else takes a proxy: fetched once,
 * revalidated at each request, served stale when their host is gone. Nothing of the client but its
 * conditions and ranges goes further: no cookie, no password.
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function openProxyDoor({ hosts, others, pull }: ProxyDoorOptions): HttpDoor {
  return {
    name: 'proxy',
    accepts: ({ url = '' }) => {
      if (!isAbsolute(url) || hosts().length === 0) return false
      const parsed = URL.parse(url)
      if (parsed === null || others().includes(parsed.origin)) return false
      return hosts().some(pattern => matches(parsed.host, pattern))
    },
    serve: async (request, response, signal) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end()
        return
      }
      await fetchAndSend(pull, request, response, signal)
    }
  }
}

function matches(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : host === pattern
}

async function fetchAndSend(
  pull: Pull,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> {
  const target = new URL(request.url ?? '')
  target.username = ''
  target.password = ''
  target.hash = ''
  const wanted: Classification = {
    key: keyOf(target.href),
    url: target.href,
    freshness: { kind: 'mutable', maxAgeMs: 0 },
    mediaType: 'application/octet-stream'
  }
  const answer = await pull.fetch(wanted, { signal })
  await respond(request, response, wanted, answer)
}
