import { chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { findClient } from '../../test/lib/clients.ts'
import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'
import { startServer } from './processes.ts'

const modules = ['mpm_event', 'authz_core', 'dav', 'dav_fs', 'dav_lock']

export interface ApacheDav {
  readonly pid: number
  readonly url: string
}

/** Runs Apache's mod_dav, in one process, over a new folder. Undefined if it is not installed. */
export async function startApacheDav(room: Room): Promise<ApacheDav | undefined> {
  const program = findClient('apache2')
  if (program === undefined) {
    room.say('apache2 is not installed: nothing to compare with')
    return undefined
  }
  const folder = room.disk('apache')
  const port = await freePort()
  const user = process.getuid?.() === 0 ? 'www-data' : undefined
  for (const name of ['files', 'locks']) {
    mkdirSync(join(folder, name))
    if (user !== undefined) chownSync(join(folder, name), idOf(user), idOf(user))
  }
  for (const path of [folder, dirname(folder)]) chmodSync(path, 0o755)
  const lines = [
    ...modules.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    ...(user === undefined ? [] : [`User ${user}`, `Group ${user}`]),
    `ServerRoot ${folder}`,
    'ServerName localhost',
    `PidFile ${join(folder, 'pid')}`,
    `ErrorLog ${join(folder, 'log')}`,
    `Listen 127.0.0.1:${port}`,
    `DocumentRoot ${join(folder, 'files')}`,
    `DavLockDB ${join(folder, 'locks', 'db')}`,
    'LimitRequestBody 0',
    `<Directory ${join(folder, 'files')}>`,
    'Dav On',
    'Require all granted',
    '</Directory>'
  ]
  const config = join(folder, 'httpd.conf')
  writeFileSync(config, `${lines.join('\n')}\n`)
  const server = await startServer([program, '-X', '-f', config], () => answers(port))
  room.afterwards(server.stop)
  return { pid: server.pid, url: `http://127.0.0.1:${port}/` }
}

function idOf(user: string): number {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find(each => each.startsWith(`${user}:`))
  return Number(line?.split(':')[2])
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
