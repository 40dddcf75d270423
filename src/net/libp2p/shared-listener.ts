import { Server, type Socket } from 'node:net'
import type { Listener, Transport } from '@libp2p/interface'
import type { tcp } from '@libp2p/tcp'

/** Takes a connection that came in, or hands it to libp2p. */
export type Sort = (socket: Socket, toLibp2p: (socket: Socket) => void) => void

type TcpFactory = ReturnType<typeof tcp>

/** TCP of libp2p whose port others may use too: they see each connection before libp2p does. */
export function sharedTcp(factory: TcpFactory, sort: Sort): TcpFactory {
  return components => {
    const transport = factory(components)
    const createListener: Transport['createListener'] = transport.createListener.bind(transport)
    transport.createListener = options => shared(createListener(options), sort)
    return transport
  }
}

/** @libp2p/tcp tells nobody of its server: should it have none any more, libp2p has its port for itself. */
function shared(listener: Listener, sort: Sort): Listener {
  const server: unknown = Reflect.get(listener, 'server')
  if (!(server instanceof Server)) return listener
  const handlers = server.listeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) =>
    sort(socket, sorted => {
      for (const handler of handlers) Reflect.apply(handler, server, [sorted])
    })
  )
  return listener
}
