import type { IncomingMessage } from 'node:http'

/**
 * Makes a request with a whole URL of this very server one with its path: a client that has us for its proxy sends
 * those for our own mirrors and archives too, and a server takes them as its own. Its Host is the URL's from then on.
 * https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
 */
export function takeOwnTarget(request: IncomingMessage): void {
  const [, authority = '', path = ''] = /^http:\/\/([^/?#]*)(.*)$/is.exec(request.url ?? '') ?? []
  const named = authority === '' ? null : URL.parse(`http://${authority}`)
  if (named === null || !isHere(request, named)) return
  request.url = path.startsWith('/') ? path : `/${path}`
  request.headers.host = named.host
}

/** By no more than its address: another program may have the port at another. */
function isHere({ socket }: IncomingMessage, { hostname, port }: URL): boolean {
  const { localAddress = '', localPort } = socket
  const own = localAddress.replace(/^::ffff:(?=\d+\.)/, '')
  const isLoopback = own === '::1' || own.startsWith('127.')
  const isOwnName = hostname.replace(/^\[|\]$/g, '') === own
  return (isOwnName || (hostname === 'localhost' && isLoopback)) && localPort === Number(port || 80)
}
