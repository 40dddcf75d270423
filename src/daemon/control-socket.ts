import { rm } from 'node:fs/promises'
import type { HttpDoor } from '../base/http.ts'
import { withSocketPath } from '../control/socket-path.ts'
import { type HttpServer, openHttpSocket } from './http-server.ts'
import type { Log } from './logger.ts'

/** Opens the control API on the home's socket; a socket that a killed daemon left there is replaced. */
export async function openControlSocket(
  path: string,
  door: HttpDoor,
  log: Log
): Promise<Pick<HttpServer, 'close'>> {
  await rm(path, { force: true })
  const server = await withSocketPath(path, short => openHttpSocket(short, { doors: [door], log }))
  return {
    close: async signal => {
      await server.close(signal)
      await rm(path, { force: true })
    }
  }
}
