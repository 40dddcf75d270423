import { readFileSync, writeFileSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  ociFolder,
  openPodman,
  ran,
  runLimits,
  skopeoCopy,
  startContainerd,
  writePolicy
} from '../lib/oci-clients.ts'
import { requireContainers, requireFuse, requireRoot } from '../lib/skip.ts'
import { setUp } from './client-setting.ts'

t.test('skopeo copies, lists, inspects, syncs and deletes', async t => {
  const setting = await setUp(t, [])
  if (setting === undefined) return
  const { address, layout, folder } = setting
  const image = `docker://${address}/own/hello:v1`
  await skopeoCopy(`oci:${layout}:v1`, image)
  await skopeoCopy(image, `docker://${address}/own/copy:v2`)
  await skopeoCopy(image, `oci:${join(folder, 'back')}:v1`)
  const blobs = (of: string) => readdir(join(of, 'blobs/sha256'))
  const known = await blobs(layout)
  const strange = (await blobs(join(folder, 'back'))).filter(name => !known.includes(name))
  t.strictSame(strange, [], 'what comes back is what went in')
  const said = await ran('skopeo', [
    'list-tags',
    '--tls-verify=false',
    `docker://${address}/own/copy`
  ])
  t.strictSame(JSON.parse(said).Tags, ['v2'])
  const inspected = await ran('skopeo', ['inspect', '--tls-verify=false', image])
  t.equal(JSON.parse(inspected).Layers.length, 2)
  const sync = [
    '--insecure-policy',
    'sync',
    '--src',
    'docker',
    '--dest',
    'dir',
    '--src-tls-verify=false'
  ]
  await ran('skopeo', [...sync, `${address}/up.test/lib/hello`, join(folder, 'synced')])
  t.ok((await stat(join(folder, 'synced/hello:v1/manifest.json'))).size > 0)
  await ran('skopeo', ['delete', '--tls-verify=false', `docker://${address}/own/copy:v2`])
  const gone = ran('skopeo', ['inspect', '--tls-verify=false', `docker://${address}/own/copy:v2`])
  await t.rejects(gone, /manifest unknown|has no manifest/)
})

t.test('podman pulls through a mirror and runs; buildah builds on it and pushes', async t => {
  if (!requireRoot(t) || !requireContainers(t)) return
  const setting = await setUp(t, ['podman', 'buildah', 'runc'])
  if (setting === undefined) return
  const { world, address, folder, origin } = setting
  await world.line(['setup', 'oci', '--client', 'podman', '--root', folder])
  const written = join(folder, 'etc/containers/registries.conf.d/95-cairn.conf')
  const conf = readFileSync(written, 'utf8').replaceAll('127.0.0.1:7070', address)
  const { podman, buildah } = openPodman(folder, conf)
  const policy = `--signature-policy=${writePolicy(folder)}`
  await podman('pull', policy, 'up.test/lib/hello:v1')
  const greeting = await podman('run', '--rm', ...runLimits, 'up.test/lib/hello:v1')
  t.equal(greeting, 'hello world')
  writeFileSync(join(folder, 'Dockerfile'), 'FROM up.test/lib/hello:v1\nCOPY hello.c /src/\n')
  const own = `${address}/own/built:1`
  await buildah('bud', policy, '--isolation=chroot', '-t', own, folder)
  await buildah('push', policy, own)
  await podman('rmi', '--all', '--force')
  await origin.stop()
  await podman('pull', policy, own)
  t.equal(await podman('run', '--rm', ...runLimits, own), 'hello world', 'from Cairn')
  await podman('pull', policy, 'up.test/lib/hello:v1')
  t.equal(await podman('run', '--rm', ...runLimits, 'up.test/lib/hello:v1'), 'hello world')
})

t.test('containerd pulls through hosts.toml, also with the registry gone', async t => {
  if (!requireRoot(t)) return
  const setting = await setUp(t, ['containerd', 'ctr'])
  if (setting === undefined) return
  const { world, address, folder, origin } = setting
  await world.line(['setup', 'oci', '--client', 'containerd', '--root', folder])
  const hosts = join(folder, 'etc/containerd/certs.d')
  const file = join(hosts, '_default/hosts.toml')
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('127.0.0.1:7070', address))
  const ctr = await startContainerd(t, folder)
  const pull = ['images', 'pull', '--snapshotter', 'native', '--hosts-dir', hosts]
  for (let round = 0; round < 2; round++) {
    await ctr(...pull, 'up.test/lib/hello:v1')
    t.match(await ctr('images', 'ls', '-q'), 'up.test/lib/hello:v1')
    await ctr('images', 'rm', '--sync', 'up.test/lib/hello:v1')
    await origin.stop()
  }
})

t.test('an image runs from the mount: runc, chroot', async t => {
  if (!requireRoot(t) || !requireFuse(t) || !requireContainers(t)) return
  const mount = ociFolder(t)
  const setting = await setUp(t, ['runc', 'chroot'], mount)
  if (setting === undefined) return
  const { world, layout, address, folder } = setting
  for (const name of ['own/hello', 'up.test/lib/hello']) {
    if (name.startsWith('own'))
      await skopeoCopy(`oci:${layout}:v1`, `docker://${address}/${name}:v1`)
    const said = JSON.parse(await world.line(['oci', 'run-ready', `${name}:v1`, '--json']))
    t.equal(said.rootfs, join(mount, `pkg/oci/${name}/v1/rootfs`))
    t.equal(await readFile(join(said.rootfs, 'etc/new'), 'utf8'), 'new')
    t.strictSame(await readdir(join(said.rootfs, 'etc')), ['new'], 'the whiteout took the other')
    const owners = await readFile(`${said.rootfs}.owners`, 'utf8')
    t.equal(owners, '1000:1000 /etc\n1000:1000 /etc/new\n')
    t.match(await stat(join(said.rootfs, 'etc/new')), { mode: 0o100644, uid: 1000, gid: 1000 })
    t.match(await stat(join(said.rootfs, 'bin/hello')), { uid: 0, gid: 0 })
    t.equal(await ran('chroot', [said.rootfs, ...said.args]), 'hello world')
    const id = `cairn-${process.pid}-${name.length}`
    const args = ['--root', join(folder, `${id}-runc`), 'run', '--bundle', said.bundle, id]
    t.equal(await ran('runc', args), 'hello world')
  }
  await skopeoCopy(`oci:${layout}:v1`, `docker://${address}/own/hello:later`)
  const ready = ['oci', 'run-ready', 'own/hello:later', '--no-wait', '--json']
  const early = JSON.parse(await world.line(ready))
  const written = JSON.parse(await readFile(join(early.bundle, 'config.json'), 'utf8'))
  t.match(written, { root: { path: early.rootfs }, process: { user: { uid: 0, gid: 0 } } })
  t.strictSame(
    written.mounts.map((each: { destination: string }) => each.destination),
    ['/proc', '/dev', '/sys', '/tmp', '/run']
  )
  const missing = await world.run(['oci', 'run-ready', 'own/none:v1'])
  t.match(missing, { status: 1, stderr: /has no manifest v1/ })
  t.match(await world.run(['oci', 'run-ready', 'No/Name']), { status: 2, stderr: /NAME:TAG/ })
})
