import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'
import { type Server, startServer } from './processes.ts'

const script = `
  const { createReadStream } = require('node:fs')
  const [file, port] = process.argv.slice(1)
  require('node:http')
    .createServer((_, response) => createReadStream(file, { highWaterMark: 1 << 20 }).pipe(response))
    .listen(port, '127.0.0.1')`

/** A node that sends a file to whoever asks, in a process of its own. */
export async function startFileServer(
  room: Room,
  file: string
): Promise<Pick<Server, 'pid'> & { readonly port: number }> {
  const port = await freePort()
  const answers = () =>
    fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(1_000) }).then(
      async ({ ok, body }) => {
        await body?.cancel()
        return ok
      },
      () => false
    )
  const server = await startServer([process.execPath, '-e', script, file, String(port)], answers)
  room.afterwards(server.stop)
  return { pid: server.pid, port }
}
