import { mkdirSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { findClient } from '../../test/lib/clients.ts'
import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'
import { startServer } from './processes.ts'

export interface AptCacher {
  readonly pid: number
  readonly port: number
}

/** Runs apt-cacher-ng with a configuration and a cache of its own. Undefined if it is not installed. */
export async function startAptCacher(room: Room): Promise<AptCacher | undefined> {
  const program = findClient('apt-cacher-ng')
  if (program === undefined) {
    room.say('apt-cacher-ng is not installed: nothing to compare with')
    return undefined
  }
  const folder = room.disk('apt-cacher')
  const port = await freePort()
  for (const name of ['config', 'cache', 'log']) mkdirSync(join(folder, name))
  const lines = [
    `CacheDir: ${join(folder, 'cache')}`,
    `LogDir: ${join(folder, 'log')}`,
    `Port: ${port}`,
    'BindAddress: 127.0.0.1',
    'SupportDir: /usr/lib/apt-cacher-ng'
  ]
  writeFileSync(join(folder, 'config', 'acng.conf'), `${lines.join('\n')}\n`)
  const command = [program, '-c', join(folder, 'config'), 'ForeGround=1']
  const server = await startServer(command, () => answers(port))
  room.afterwards(server.stop)
  return { pid: server.pid, port }
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
