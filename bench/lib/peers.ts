import { spawnSync } from 'node:child_process'
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
  return bind(room, 'bindfs', findClient('bindfs'), point => ['-f', source, point])
}

/**
 * Mounts a folder through libfuse's own example of a fast file system, compiled from the source that
 * Debian installs with its headers. Undefined if that, or a compiler, is not installed.
 */
export function libfuseFolder(room: Room, source: string): Promise<Bound | undefined> {
  const args = (point: string) => ['-f', '-o', `source=${source}`, point]
  return bind(room, 'passthrough_ll', compileExample(room), args)
}

const example = '/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c'

function compileExample(room: Room): string | undefined {
  const program = `${room.disk('libfuse')}/passthrough_ll`
  const script = 'gcc -O2 -w "$0" $(pkg-config fuse3 --cflags --libs) -o "$1"'
  const { status } = spawnSync('sh', ['-c', script, example, program], { stdio: 'ignore' })
  return status === 0 ? program : undefined
}

/** Mounts a folder through rclone, with the cache that lets programs write as they like. Undefined if it is not installed. */
export function rcloneFolder(room: Room, source: string): Promise<Bound | undefined> {
  const cache = room.disk('rclone-cache')
  return bind(room, 'rclone', findClient('rclone'), point => [
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
  program: string | undefined,
  args: (mountPoint: string) => string[]
): Promise<Bound | undefined> {
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
