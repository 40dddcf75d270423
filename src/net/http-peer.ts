import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CairnError, toCairnError } from '../base/errors.ts'
import type { Peer, PeerAnswer, PeerRequest } from './api.ts'
import { bounds } from './bounds.ts'
import { BulkClient, type ConnectBulk } from './bulk-client.ts'
import { SocketReader } from './socket-reader.ts'
import { watched } from './watched.ts'

/** HTTP/1.1 over connections that are opened as they are needed: TCP's, or anything that carries bytes. */
export interface Carrier {
  readonly host: string
  readonly port: number
  /** Instead of a TCP connection. */
  readonly connect?: () => Promise<Duplex>
  /** Instead of one for long bodies: where it gives none, they come as all else does. */
  readonly connectBulk?: ConnectBulk
}

/** A peer that is asked over HTTP. `close` lets its connections go. */
export function openHttpPeer(
  id: string,
  kind: Peer['kind'],
  carrier: Carrier
): Peer & { close: () => void } {
  const agent = new CarriedAgent(carrier.connect)
  const { host, port } = carrier
  const direct = async () => new SocketReader(onread => connect({ host, port, onread }))
  const { connectBulk = direct } = carrier
  const name = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const bulk = new BulkClient(id, name, connectBulk)
  const asBulk = async (path: string, options: PeerRequest) =>
    options.bulk !== undefined && bulk.isFree ? await bulk.request(path, options) : undefined
  return {
    id,
    kind,
    request: async (path, options) =>
      (await asBulk(path, options)) ?? (await ask({ id, agent, carrier }, path, options)),
    close: () => {
      agent.destroy()
      bulk.close()
    }
  }
}

class CarriedAgent extends Agent {
  readonly #connect: Carrier['connect']

  constructor(connect: Carrier['connect']) {
    super({ keepAlive: true, maxSockets: bounds.connections, timeout: bounds.headMs * 6 })
    this.#connect = connect
  }

  override createConnection(
    options: Parameters<Agent['createConnection']>[0],
    callback?: Parameters<Agent['createConnection']>[1]
  ): ReturnType<Agent['createConnection']> {
    if (this.#connect === undefined) return super.createConnection(options, callback)
    this.#connect().then(
      duplex => callback?.(null, duplex),
      cause => callback?.(cause as Error, undefined as unknown as Socket)
    )
    return undefined
  }
}

interface Asked {
  readonly id: string
  readonly agent: Agent
  readonly carrier: Carrier
}

function ask(
  { id, agent, carrier: { host, port } }: Asked,
  path: string,
  { method, headers = {}, body, signal }: PeerRequest
): Promise<PeerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<PeerAnswer>()
  const request = requestHttp({ host, port, path, method, agent, headers: { ...headers } })
  const late = setTimeout(
    () =>
      request.destroy(new CairnError('timeout', `${id} did not answer for ${bounds.headMs} ms`)),
    bounds.headMs
  )
  const stop = (): void => void request.destroy(new CairnError('aborted', `${id} is not needed`))
  signal.addEventListener('abort', stop, { once: true })
  request.once('close', () => {
    clearTimeout(late)
    signal.removeEventListener('abort', stop)
  })
  request.once('response', response => {
    clearTimeout(late)
    resolve({
      status: response.statusCode ?? 0,
      header: name => response.headers[name]?.toString(),
      body: bodyOf(id, response)
    })
  })
  request.once('error', cause => reject(asUpstream(id, cause)))
  if (signal.aborted) stop()
  request.end(body)
  return promise
}

/** A body that is let go before anybody began it would keep its connection: a generator does nothing then. */
function bodyOf(id: string, response: IncomingMessage): AsyncIterableIterator<Uint8Array> {
  const pieces = piecesOf(id, response)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => pieces.next(),
    return: async () => {
      response.destroy()
      return await pieces.return(undefined)
    }
  }
}

/** A body that stops ends; so does one that is let go before its end. */
async function* piecesOf(id: string, response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* watched(id, response, why => void response.destroy(why))
  } catch (cause) {
    throw asUpstream(id, cause)
  } finally {
    response.destroy()
  }
}

function asUpstream(id: string, cause: unknown): CairnError {
  const error = toCairnError(cause)
  if (error.code === 'timeout' || error.code === 'aborted') return error
  return new CairnError('upstream', `${id}: ${error.message}`, { cause })
}
