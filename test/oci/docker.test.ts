import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import {
  makeImage,
  ociFolder,
  skopeoCopy,
  startDocker,
  startDockerRegistry
} from '../lib/oci-clients.ts'
import { requireClient, requireContainers, requireRoot } from '../lib/skip.ts'

t.test('docker pulls its hub’s images through Cairn, pushes, and runs', async t => {
  if (!requireRoot(t) || !requireContainers(t)) return
  for (const client of ['dockerd', 'docker', 'skopeo', 'umoci', 'gcc', 'docker-registry']) {
    if (!requireClient(t, client)) return
  }
  const world = await makeWorld(t)
  const folder = ociFolder(t)
  const layout = await makeImage(folder)
  const hub = await startDockerRegistry(t, folder)
  await skopeoCopy(`oci:${layout}:v1`, `docker://${hub.address}/library/hello:v1`)
  const root = join(folder, 'root')
  mkdirSync(join(root, 'etc/docker'), { recursive: true })
  const daemonJson = join(root, 'etc/docker/daemon.json')
  writeFileSync(daemonJson, '{"log-level": "info"}')
  await world.line(['setup', 'oci', `docker.test=http://${hub.address}`, '--root', root, '--json'])
  const daemon = await world.start()
  const { host } = new URL(daemon.url)
  const settings = readFileSync(daemonJson, 'utf8').replaceAll('127.0.0.1:7070', host)
  const docker = await startDocker(t, folder, settings)

  await docker('pull', '--quiet', 'hello:v1')
  const own = `${host}/own/hello:d`
  await docker('tag', 'hello:v1', own)
  await docker('push', '--quiet', own)
  await docker('rmi', '--force', 'hello:v1', own)
  await hub.stop()
  for (const image of ['hello:v1', own]) {
    await docker('pull', '--quiet', image)
    t.equal(await docker('run', '--rm', '--network=none', image), 'hello world', image)
  }
})
