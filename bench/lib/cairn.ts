import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { unmountBelow } from '../../scripts/lib/leftovers.ts'
import type { Room } from './bench.ts'
import { isMounted, startServer } from './processes.ts'

const program = resolve(import.meta.dirname, '../../bin/cairn')

export interface Cairn {
  readonly pid: number
  readonly home: string
  /** Holds `ipfs`, `mfs` and `pkg`. */
  readonly mount: string
  readonly port: number
  /** Runs a verb with `--json` and returns what it prints, parsed. Throws if it fails. */
  run: (verb: string, ...args: string[]) => unknown
  stop: () => Promise<void>
}

/** Starts the built daemon on a home of its own, mounted, with the network off. `home` decides the disk it is measured on. */
export async function startCairn(room: Room, home: string): Promise<Cairn> {
  const mount = join(room.disk('mount'), 'cairn')
  mkdirSync(mount)
  const port = await freePort()
  const command = [
    program,
    'start',
    '--home',
    home,
    '--mount',
    mount,
    '--listen',
    `127.0.0.1:${port}`
  ]
  const server = await startServer(
    command,
    () => isMounted(join(mount, 'mfs')) && existsSync(join(home, 'cairn.sock'))
  )
  const stop = async (): Promise<void> => {
    await server.stop()
    unmountBelow(mount)
  }
  room.afterwards(stop)
  const run = (verb: string, ...args: string[]): unknown => runVerb(home, verb, args)
  return { pid: server.pid, home, mount, port, run, stop }
}

function runVerb(home: string, verb: string, args: readonly string[]): unknown {
  const done = spawnSync(program, [verb, ...args, '--home', home, '--json'], {
    encoding: 'utf8',
    timeout: 600_000
  })
  if (done.status !== 0) throw new Error(`cairn ${verb} failed: ${done.stderr.slice(-500)}`)
  return JSON.parse(done.stdout)
}

/** Adds a file or folder and returns its CID as text. */
export function addPath(cairn: Cairn, path: string): string {
  const { cid } = cairn.run('add', path) as { cid: string }
  return cid
}

/** A command line of the built program, for measuring it. */
export function cairnCommand(cairn: Cairn, ...args: string[]): string[] {
  return [program, ...args, '--home', cairn.home]
}

/** A free port of loopback below 32768: above that lie the ports of clients, and apt-cacher-ng takes none there. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000)
    if (await canListen(port)) return port
  }
}

function canListen(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
