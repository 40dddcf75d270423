import type { IncomingMessage } from 'node:http'
import { CairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import type { Adapter, Classification, Upstream } from '../pull/adapter.ts'
import type { Pull } from '../pull/api.ts'
import { splitMoment } from './moment.ts'
import { respond } from './respond.ts'
import { SeenVersions } from './seen-versions.ts'
import { isAbsolute, mirrorTarget } from './target.ts'

export interface MirrorDoorOptions {
  readonly adapter: Adapter
  /** By name, as configured at the time of the request. */
  readonly upstreams: () => Readonly<Record<string, Upstream>>
  readonly pull: Pull
  /** Also serve whole URLs of the upstreams' hosts, to clients that have us as their proxy. */
  readonly proxy: boolean
}

/**
 * HTTP to the pull-through engine and back, for one adapter: GET and HEAD below `/<adapter>/`.
 * Answers carry `X-Cairn: hit | miss | join | stale`. `/<adapter>/<name>/@<time>/…` is what was there then. https://www.rfc-editor.org/rfc/rfc9110
 */
export function openMirrorDoor(options: MirrorDoorOptions): HttpDoor {
  const { adapter, proxy, pull } = options
  const seen = new SeenVersions()
  const prefix = `/${adapter.name}/`
  return {
    name: adapter.name,
    accepts: ({ url = '' }) => url.startsWith(prefix) || (proxy && isAbsolute(url)),
    serve: async (request, response, signal) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end()
        return
      }
      const { wanted, atMs } = classify(options, prefix, request)
      const at =
        atMs === undefined
          ? seen.of(request.socket, wanted)
          : ({ ms: atMs, of: 'snapshot' } as const)
      const answer = await pull.fetch(wanted, at === undefined ? { signal } : { signal, at })
      seen.remember(request.socket, wanted, answer)
      await respond(request, response, wanted, answer)
    }
  }
}

function classify(
  { adapter, upstreams }: MirrorDoorOptions,
  prefix: string,
  request: IncomingMessage
): { readonly wanted: Classification; readonly atMs: number | undefined } {
  const target = mirrorTarget(request.url ?? '', prefix, upstreams())
  const headers = request.headers as Record<string, string | undefined>
  const { path, atMs } = splitMoment(target?.path ?? '')
  const wanted = target === undefined ? undefined : adapter.classify({ ...target, path, headers })
  if (wanted === undefined) {
    throw new CairnError(
      'not-found',
      `${request.url} names no file of an ${adapter.name} upstream that is configured`
    )
  }
  return { wanted, atMs }
}
