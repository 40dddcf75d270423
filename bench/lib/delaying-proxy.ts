import { createConnection, createServer, type Socket } from 'node:net'
import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'

export interface DelayingProxy {
  readonly port: number
  /** Bytes that went through it so far, both ways. */
  bytes: () => number
}

/** A way to a port of loopback on which every byte takes so long; how many may be under way is not bound. */
export async function openDelayingProxy(
  room: Room,
  to: number,
  oneWayMs: number
): Promise<DelayingProxy> {
  let bytes = 0
  const sockets = new Set<Socket>()
  const pass = (from: Socket, target: Socket): void => {
    from.on('data', piece => {
      bytes += piece.length
      later(oneWayMs, () => target.write(piece))
    })
    from.on('end', () => later(oneWayMs, () => target.end()))
    from.on('error', () => target.destroy())
    from.on('close', () => sockets.delete(from))
    sockets.add(from)
  }
  const server = createServer({ allowHalfOpen: true }, client => {
    const target = createConnection({ port: to, host: '127.0.0.1', allowHalfOpen: true })
    pass(client, target)
    pass(target, client)
  })
  const port = await freePort()
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  room.afterwards(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port, bytes: () => bytes }
}

function later(ms: number, work: () => void): void {
  if (ms === 0) work()
  else setTimeout(work, ms)
}
