import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Access } from '../base/access.ts'
import { toCairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import { allMethods, readingMethods } from './allowed.ts'
import { answerEmpty, answerError } from './answer.ts'
import type { Dav, Exchange, Method, WebdavOptions } from './api.ts'

import { Dates } from './dates.ts'
import { DeadProperties } from './dead-properties.ts'
import { Hold } from './hold.ts'
import { Locks } from './locks.ts'
import { copy } from './methods/copy.ts'
import { remove } from './methods/delete.ts'
import { get } from './methods/get.ts'
import { lock } from './methods/lock.ts'
import { mkcol } from './methods/mkcol.ts'
import { move } from './methods/move.ts'
import { options } from './methods/options.ts'
import { patch } from './methods/patch.ts'
import { propfind } from './methods/propfind.ts'
import { proppatch } from './methods/proppatch.ts'
import { put } from './methods/put.ts'
import { report } from './methods/report.ts'
import { isAboveDav, serveAboveDav } from './methods/root.ts'
import { unlock } from './methods/unlock.ts'
import { hrefOf, isDavTarget, nameInIpns, parsePath } from './path.ts'
import { Pieces } from './pieces.ts'
import { Refusal } from './refuse.ts'
import { treeOf } from './resource.ts'
import { namesInTree, type View, viewOf, viewOfName, wholeView } from './view.ts'
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
  PATCH: patch,
  PROPFIND: propfind,
  PROPPATCH: proppatch,
  PUT: put,
  REPORT: report,
  UNLOCK: unlock
}

export interface WebdavDoor extends HttpDoor {
  /** Grows with every request that may have changed something, at its end: how idleness is seen. */
  writes: () => number
}

/** The WebDAV door; it answers every error itself. */
export function openWebdav(options: WebdavOptions): WebdavDoor {
  const parts = {
    ...options,
    dates: new Dates(),
    pieces: new Pieces(),
    properties: new DeadProperties(options.database),
    visited: new Visited(options.database, options.clock)
  }
  let writes = 0
  return {
    name: 'webdav',
    accepts: request => isDavTarget(request.url ?? '') || isAboveDav(request),
    continues: true,
    serve: async (request, response, signal, access) => {
      await serve(davFor(parts, access, request), request, response, signal)
      if (!readingMethods.some(each => each === request.method)) writes++
    },
    writes: () => writes
  }
}

function davFor(
  parts: Omit<Dav, 'view' | 'composes' | 'locks'>,
  access: Access,
  { headers, url = '' }: IncomingMessage
): Dav {
  const view = viewFor(parts, viewOf(access), url)
  const above = hrefOf(wholeView, namesInTree(view, view.prefix), true)
  const shownAbove = hrefOf(wholeView, view.prefix, true)
  const show = (href: string) =>
    href.startsWith(above) ? `${shownAbove}${href.slice(above.length)}` : href
  const locks = new Locks(parts.database, parts.clock, { user: view.user, show })
  const composes = /^WebDAV(FS|Lib)\//.test(headers['user-agent'] ?? '')
  return { ...parts, view, locks, composes }
}

/** A name that is a folder of /mfs is written to as that is: the target decides what the request sees. */
function viewFor(
  { namesInMfs }: Pick<WebdavOptions, 'namesInMfs'>,
  view: View,
  target: string
): View {
  const name = view.root.length > 0 ? undefined : nameInIpns(target)
  if (name === undefined) return view
  const root = namesInMfs(name)
  return root === undefined ? view : viewOfName(view, name, root)
}

async function serve(
  dav: Dav,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal
): Promise<void> {
  const hold = new Hold()
  try {
    if (isAboveDav(request)) return serveAboveDav(request, response)
    const method = Object.hasOwn(methods, request.method ?? '')
      ? methods[request.method ?? '']
      : undefined
    if (method === undefined) {
      return answerEmpty(response, 405, { allow: allMethods.join(', ') })
    }
    const path = parsePath(request.url ?? '', dav.view)
    const exchange: Exchange = { dav, request, response, signal, path, hold }
    await method(exchange)
    noteVisit(exchange)
  } catch (cause) {
    const error = toCairnError(cause)
    const status = answerError(request, response, error)
    const answered = error instanceof Refusal || error.code === 'aborted'
    if (status >= 500 && !answered) dav.faulted(error, request.url ?? '')
  } finally {
    hold.release()
  }
}

/** After an answer: what was found below `/dav/ipfs` is listed there from now on. */
function noteVisit({ dav, path, request }: Exchange): void {
  const [tree, cid] = path.names
  const found = request.method !== 'OPTIONS' && treeOf(dav, tree) === dav.trees.ipfs
  if (found && cid !== undefined) dav.visited.note(cid)
}
