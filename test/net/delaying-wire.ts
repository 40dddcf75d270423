import { appendFileSync, writeFileSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

/**
 * A way to ports of other hosts on which every byte takes so long: `delaying-wire.ts FOLDER ADDRESS PORT=ONE_WAY_MS=HOST:PORT…`.
 * Into `FOLDER/turns-PORT` goes a byte each time that somebody speaks after he was answered, so its length is the
 * number of round trips that were waited for, one connection after the other.
 */
const [folder = '', address = '', ...ways] = process.argv.slice(2)
const listening = ways.map(async way => {
  const [port = '', oneWayMs = '', target = ''] = way.split('=')
  const [host, targetPort] = target.split(':')
  const turns = join(folder, `turns-${port}`)
  writeFileSync(turns, '')
  const server = createServer({ allowHalfOpen: true }, client => {
    const place = { host: host ?? '', port: Number(targetPort), allowHalfOpen: true }
    const other = createConnection(place)
    let answered = true
    pass(client, other, Number(oneWayMs), () => {
      if (answered) appendFileSync(turns, '.')
      answered = false
    })
    pass(other, client, Number(oneWayMs), () => {
      answered = true
    })
  })
  await new Promise<void>(resolve => server.listen(Number(port), address, resolve))
})
await Promise.all(listening)
process.stdout.write('ready\n')

function pass(from: Socket, to: Socket, oneWayMs: number, heard: () => void): void {
  from.on('data', piece => {
    heard()
    setTimeout(() => to.write(piece), oneWayMs)
  })
  from.on('end', () => setTimeout(() => to.end(), oneWayMs))
  from.on('error', () => to.destroy())
  from.on('close', () => setTimeout(() => to.destroy(), oneWayMs * 2))
}
