import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { makeWorld, type StartedDaemon, type World } from '../cli/run-cairn.ts'
import { makeImage, ociFolder, skopeoCopy, startDockerRegistry } from '../lib/oci-clients.ts'
import { requireClient } from '../lib/skip.ts'

interface Setting {
  readonly world: World
  readonly daemon: StartedDaemon
  /** `127.0.0.1:<port>` of Cairn. */
  readonly address: string
  readonly folder: string
  readonly layout: string
  /** The registry behind `up.test`, which holds `lib/hello:v1`. */
  readonly origin: { address: string; stop: () => Promise<void> }
}

const all = ['skopeo', 'umoci', 'gcc', 'docker-registry']

/** A daemon, a registry behind it that has an image, and that image's layout; undefined where a client lacks. */
export async function setUp(
  t: Test,
  clients: string[],
  mount = 'none'
): Promise<Setting | undefined> {
  for (const client of [...all, ...clients]) if (!requireClient(t, client)) return undefined
  const world = await makeWorld(t)
  const folder = ociFolder(t)
  const layout = await makeImage(folder)
  const origin = await startDockerRegistry(t, folder)
  await skopeoCopy(`oci:${layout}:v1`, `docker://${origin.address}/lib/hello:v1`)
  await mkdir(world.home, { recursive: true })
  const config = `oci:\n  upstreams:\n    up.test: http://${origin.address}/\n`
  writeFileSync(join(world.home, 'config.yaml'), config)
  const daemon = await world.start(['--mount', mount])
  return { world, daemon, address: new URL(daemon.url).host, folder, layout, origin }
}
