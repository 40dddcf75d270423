import { mkdirSync } from 'node:fs'
import { unmountBelow } from '../../scripts/lib/leftovers.ts'
import { findClient } from '../../test/lib/clients.ts'
import type { Room } from './bench.ts'
import { isMounted, startServer } from './processes.ts'

export interface Bound {
  readonly pid: number
  /** Shows the source folder. */
  readonly mountPoint: string
}

/** Mounts a folder through bindfs, as it comes: a C program on libfuse. Undefined if it is not installed. */
export async function bindFolder(room: Room, source: string): Promise<Bound | undefined> {
  const program = findClient('bindfs')
  if (program === undefined) {
    room.say('bindfs is not installed: nothing to compare with')
    return undefined
  }
  const mountPoint = `${room.disk('bindfs')}/mount`
  mkdirSync(mountPoint)
  const server = await startServer([program, '-f', source, mountPoint], () => isMounted(mountPoint))
  room.afterwards(async () => {
    unmountBelow(mountPoint)
    await server.stop()
  })
  return { pid: server.pid, mountPoint }
}
