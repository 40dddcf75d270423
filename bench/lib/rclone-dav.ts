import { join } from 'node:path'
import { findClient } from '../../test/lib/clients.ts'
import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'
import { startServer } from './processes.ts'

export interface RcloneDav {
  readonly pid: number
  readonly url: string
}

/** Runs `rclone serve webdav` over a new folder. Undefined if it is not installed. */
export async function startRcloneDav(room: Room): Promise<RcloneDav | undefined> {
  const program = findClient('rclone')
  if (program === undefined) {
    room.say('rclone is not installed: nothing to compare with')
    return undefined
  }
  const port = await freePort()
  const address = [
    '--addr',
    `127.0.0.1:${port}`,
    '--config',
    join(room.disk('rclone-config'), 'none')
  ]
  const command = [program, 'serve', 'webdav', room.disk('rclone'), ...address]
  const url = `http://127.0.0.1:${port}/`
  const server = await startServer(command, () => answers(url))
  room.afterwards(server.stop)
  return { pid: server.pid, url }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
