import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { makeImage, ociFolder, skopeoCopy } from '../lib/oci-clients.ts'
import { requireClient } from '../lib/skip.ts'

t.test('skopeo pushes from another machine with a password and the scope for it', async t => {
  for (const client of ['skopeo', 'umoci', 'gcc']) if (!requireClient(t, client)) return
  const world = await makeWorld(t)
  const layout = await makeImage(ociFolder(t))
  const add = async (name: string, scopes: string) =>
    (await world.line(['user', 'add', name, '--scopes', scopes])).split('\n').at(-1) ?? ''
  const ann = await add('ann', 'read,publish')
  const bob = await add('bob', 'read,write')
  writeFileSync(join(world.home, 'config.yaml'), 'tls:\n  certificate: self-signed\n')
  const daemon = await world.start(['--share', '127.0.0.1:0', '--mount', 'none'])
  const shared = /https:\/\/([^/]+)\//.exec(daemon.ready)?.[1] ?? ''
  const image = `docker://${shared}/own/hello:v1`
  const push = (...how: string[]) => skopeoCopy(`oci:${layout}:v1`, image, ...how)
  await t.rejects(push('--dest-no-creds'), /unauthorized|authentication required|password/i)
  await t.rejects(push('--dest-creds', `bob:${bob}`), /may not publish/)
  await push('--dest-creds', `ann:${ann}`)
  const back = `dir:${ociFolder(t)}`
  await t.rejects(skopeoCopy(image, back, '--src-creds', 'bob:wrong'))
  await t.resolves(skopeoCopy(image, back, '--src-creds', `bob:${bob}`))
})
