import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type StartedDaemon, until, type World } from './run-cairn.ts'

/** A daemon that peers may ask over plain HTTP, and where. `args` as of `World.start`. */
export async function startPeer(
  world: World,
  args: readonly string[] = ['--mount', 'none']
): Promise<{ daemon: StartedDaemon; address: string }> {
  await mkdir(world.home, { recursive: true })
  await writeFile(
    join(world.home, 'config.yaml'),
    'network: lan\npeers: { listen: 127.0.0.1:0, libp2p: none }\n'
  )
  const daemon = await world.start(args)
  const served = () => /"listen":"(127\.0\.0\.1:\d+)"[^\n]*peers are served/.exec(daemon.log())?.[1]
  await until(async () => served() !== undefined)
  return { daemon, address: served()! }
}
