import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpDoor } from '../base/http.ts'
import { answerEmpty, answerError } from './answer.ts'
import type { Dav, Exchange, Method, WebdavOptions } from './api.ts'

import { DeadProperties } from './dead-properties.ts'
import { Hold } from './hold.ts'
import { Locks } from './locks.ts'
import { copy, move } from './methods/copy-move.ts'
import { remove } from './methods/delete.ts'
import { get } from './methods/get.ts'
import { lock } from './methods/lock.ts'
import { mkcol } from './methods/mkcol.ts'
import { options } from './methods/options.ts'
import { propfind } from './methods/propfind.ts'
import { proppatch } from './methods/proppatch.ts'
import { put } from './methods/put.ts'
import { isAboveDav, serveAboveDav } from './methods/root.ts'
import { unlock } from './methods/unlock.ts'
import { isDavTarget, parsePath } from './path.ts'
import { refuseForeign } from './refuse-foreign.ts'
import { treeOf } from './resource.ts'
import { Visited } from './visited.ts'

const methods: Readonly<Record<string, Method>> = {
  COPY: copy,
  DELETE: remove,
  GET: get,
  HEAD: get,
  LOCK: lock,
  MKCOL: mkcol,
  MOVE: move,
  OPTIONS: options,
  PROPFIND: propfind,
  PROPPATCH: proppatch,
  PUT: put,
  UNLOCK: unlock
}

export interface WebdavDoor extends HttpDoor {
  /** Grows with every request that may have changed something, at its end: how idleness is seen. */
  writes: () => number
}

const reading = ['GET', 'HEAD', 'OPTIONS', 'PROPFIND']

/** The WebDAV door; it answers every error itself. */
export function openWebdav(options: WebdavOptions): WebdavDoor {
  const dav: Dav = {
    ...options,
    locks: new Locks(options.database, options.clock),
    properties: new DeadProperties(options.database),
    visited: new Visited(options.database, options.clock)
  }
  let writes = 0
  return {
    name: 'webdav',
    accepts: request => isDavTarget(request.url ?? '') || isAboveDav(request),
    serve: async (request, response, signal) => {
      await serve(dav, request, response, signal)
      if (!reading.includes(request.method ?? '')) writes++
    },
    writes: () => writes
  }
}

async function serve(
  dav: Dav,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> {
  const hold = new Hold()
  try {
    refuseForeign(request.headers)
    if (isAboveDav(request)) return serveAboveDav(request, response)
    const method = Object.hasOwn(methods, request.method ?? '')
      ? methods[request.method ?? '']
      : undefined
    if (method === undefined) {
      return answerEmpty(response, 405, { allow: Object.keys(methods).join(', ') })
    }
    const path = parsePath(request.url ?? '')
    const exchange: Exchange = { dav, request, response, signal, path, hold }
    await method(exchange)
    noteVisit(exchange)
  } catch (cause) {
    answerError(request, response, cause)
  } finally {
    hold.release()
  }
}

/** After an answer: what was found below `/dav/ipfs` is listed there from now on. */
function noteVisit({ dav, path, request }: Exchange): void {
  const [tree, cid] = path.names
  const found = request.method !== 'OPTIONS' && treeOf(dav.trees, tree) === dav.trees.ipfs
  if (found && cid !== undefined) dav.visited.note(cid)
}
