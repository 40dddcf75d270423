import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findClient } from '../../test/lib/clients.ts'
import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'
import { startServer } from './processes.ts'

export interface DockerRegistry {
  readonly pid: number
  readonly port: number
}

/** Runs docker-registry with a configuration and a folder of its own. Undefined if it is not installed. */
export async function startDockerRegistry(room: Room): Promise<DockerRegistry | undefined> {
  const program = findClient('docker-registry')
  if (program === undefined) {
    room.say('docker-registry is not installed: nothing to compare with')
    return undefined
  }
  const folder = room.disk('docker-registry')
  const port = await freePort()
  const config = join(folder, 'config.yml')
  const text = `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${join(folder, 'data')}}, cache: {blobdescriptor: inmemory}}
http: {addr: "127.0.0.1:${port}"}
`
  writeFileSync(config, text)
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/v2/`).then(
      ({ ok }) => ok,
      () => false
    )
  const server = await startServer([program, 'serve', config], answers)
  room.afterwards(server.stop)
  return { pid: server.pid, port }
}
