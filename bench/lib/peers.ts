import { mkdirSync } from 'node:fs'
import { unmountBelow } from '../../scripts/lib/leftovers.ts'
import { findClient } from '../../test/lib/clients.ts'
import type { Room } from './bench.ts'
import { isMounted, startServer } from './processes.ts'

/** A FUSE server that shows a folder of this machine elsewhere. */
export interface Bound {
  readonly pid: number
  /** Shows the source folder. */
  readonly mountPoint: string
}

/** Mounts a folder through bindfs, as it comes: a C program on libfuse. Undefined if it is not installed. */
export function bindFolder(room: Room, source: string): Promise<Bound | undefined> {
  return bind(room, 'bindfs', point => ['-f', source, point])
}

/** Mounts a folder through rclone, with the cache that lets programs write as they like. Undefined if it is not installed. */
export function rcloneFolder(room: Room, source: string): Promise<Bound | undefined> {
  const cache = room.disk('rclone-cache')
  return bind(room, 'rclone', point => [
    'mount',
    '--vfs-cache-mode=writes',
    `--cache-dir=${cache}`,
    '--config=',
    source,
    point
  ])
}

async function bind(
  room: Room,
  name: string,
  args: (mountPoint: string) => string[]
): Promise<Bound | undefined> {
  const program = findClient(name)
  if (program === undefined) {
    room.say(`${name} is not installed: nothing to compare with`)
    return undefined
  }
  const mountPoint = `${room.disk(name)}/mount`
  mkdirSync(mountPoint)
  const command = [program, ...args(mountPoint)]
  const server = await startServer(command, () => isMounted(mountPoint))
  room.afterwards(async () => {
    unmountBelow(mountPoint)
    await server.stop()
  })
  return { pid: server.pid, mountPoint }
}
