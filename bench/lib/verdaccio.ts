import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Room } from './bench.ts'
import { freePort } from './cairn.ts'
import { startServer } from './processes.ts'

export interface Verdaccio {
  readonly pid: number
  readonly port: number
}

/** Installs verdaccio from the machine's registry and runs it before that one, asking again as seldom as Cairn. Undefined if it cannot be had. */
export async function startVerdaccio(room: Room, upstream: string): Promise<Verdaccio | undefined> {
  const folder = room.disk('verdaccio')
  // It asks for node-fetch by a tag, and registries that are caches themselves may know none but latest.
  const wanted = {
    private: true,
    dependencies: { verdaccio: '6' },
    overrides: { 'node-fetch': '2.7.0' }
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(wanted))
  spawnSync('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, timeout: 300_000 })
  const program = join(folder, 'node_modules/verdaccio/bin/verdaccio')
  if (!existsSync(program)) {
    room.say('verdaccio cannot be installed: nothing to compare with')
    return undefined
  }
  const port = await freePort()
  const config = join(folder, 'config.yaml')
  const lines = [
    `storage: ${join(folder, 'storage')}`,
    `uplinks: { main: { url: "${upstream}", maxage: 5m, timeout: 60s } }`,
    'packages: { "**": { access: $all, proxy: main } }',
    'log: { type: stdout, level: error }'
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  const command = [process.execPath, program, '--config', config, '--listen', `127.0.0.1:${port}`]
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/-/ping`).then(
      ({ ok }) => ok,
      () => false
    )
  const server = await startServer(command, answers)
  room.afterwards(server.stop)
  return { pid: server.pid, port }
}
