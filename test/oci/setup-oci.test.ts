import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { withMirror, withoutMirror } from '../../src/cli/setup/oci-files.ts'
import { makeWorld } from '../cli/run-cairn.ts'

const mirror = 'http://127.0.0.1:7070'

t.test('docker’s settings come back byte by byte', async t => {
  for (const text of [
    '',
    '{}',
    '{ }\n',
    '{"debug": true}',
    '{\n\t"debug": true,\n\t"hosts": []\n}\n',
    '{"registry-mirrors": []}',
    '{\n  "registry-mirrors" : ["https://a.example"],\n  "x": {"y": [1]}\n}\n'
  ]) {
    const changed = withMirror(text, mirror)
    const before = JSON.parse(text === '' ? '{}' : text)
    const mirrors = [mirror, ...(before['registry-mirrors'] ?? [])]
    t.strictSame(JSON.parse(changed), { ...before, 'registry-mirrors': mirrors }, text)
    t.equal(withMirror(changed, mirror), changed, 'a second time changes nothing')
    t.equal(withoutMirror(changed, mirror), text)
    t.equal(withoutMirror(text, mirror), text)
  }
  for (const text of ['{', '[]', '"x"', 'null']) {
    t.throws(() => withMirror(text, mirror), { code: 'invalid' }, text)
  }
})

t.test('setup oci writes one file a client, twice the same, and --undo takes it back', async t => {
  const world = await makeWorld(t)
  const root = join(world.folder, 'root')
  const daemonJson = join(root, 'etc/docker/daemon.json')
  const files = [
    join(root, 'etc/containers/registries.conf.d/95-cairn.conf'),
    join(root, 'etc/containerd/certs.d/_default/hosts.toml'),
    daemonJson
  ]
  const settings = '{\n  "debug": true\n}\n'
  for (const folder of ['containers', 'containerd', 'docker']) {
    await mkdir(join(root, 'etc', folder), { recursive: true })
  }
  await writeFile(daemonJson, settings)
  const hub = 'docker.test=https://hub.docker.test/'
  for (let round = 0; round < 2; round++) {
    const args = ['setup', 'oci', 'r.test', hub, '--root', root, '--json']
    const said = JSON.parse(await world.line(args))
    t.strictSame(said.files, files)
    t.match(said.upstreams, { 'r.test': 'https://r.test/' })
  }
  const config = await readFile(join(world.home, 'config.yaml'), 'utf8')
  t.match(config, /r\.test: https:\/\/r\.test\//)
  t.match(config, /otherwise: docker\.test/)
  const [podman = '', containerd = '', docker = ''] = await Promise.all(
    files.map(file => readFile(file, 'utf8'))
  )
  t.match(
    podman,
    /location = "r\.test"\n\[\[registry\.mirror\]\]\nlocation = "127\.0\.0\.1:7070\/r\.test"/
  )
  t.match(containerd, /\[host\."http:\/\/127\.0\.0\.1:7070"\]/)
  t.strictSame(JSON.parse(docker), { 'registry-mirrors': [mirror], debug: true })
  for (let round = 0; round < 2; round++) {
    const undone = await world.run(['setup', 'oci', '--undo', '--root', root])
    t.equal(undone.status, 0)
    t.match(undone.stdout, round === 0 ? /daemon\.json is as it was/ : /nothing was set up/)
  }
  t.strictSame(files.map(existsSync), [false, false, true])
  t.equal(await readFile(daemonJson, 'utf8'), settings)
  t.notOk(existsSync(dirname(files[1] ?? '')), 'nor is a folder left')
  await rm(daemonJson)
  await world.line(['setup', 'oci', '--client', 'docker', '--root', root])
  await world.line(['setup', 'oci', '--undo', '--root', root])
  t.strictSame(await readdir(dirname(daemonJson)), [], 'but docker’s own')
})

t.test('setup oci says what it lacks, and takes nothing of anybody else', async t => {
  const world = await makeWorld(t)
  const root = join(world.folder, 'root')
  const run = (...args: string[]) => world.run(['setup', 'oci', ...args, '--root', root])
  t.match(await run('r.test'), { status: 1, stderr: /no podman, containerd or docker/ })
  t.match(await run('--client', 'podman'), { status: 1, stderr: /no registry is configured/ })
  t.match(await run('--client', 'rkt', 'r.test'), { status: 2, stderr: /choose podman/ })
  t.match(await run('--client', 'podman', 'R=x'), {
    status: 2,
    stderr: /cannot begin an image name/
  })
  const many = ['a.test', 'b.test']
  t.match(await run('--client', 'docker', ...many), { status: 1, stderr: /its own hub only/ })
  const theirs = join(root, 'etc/containerd/certs.d/_default/hosts.toml')
  await mkdir(dirname(theirs), { recursive: true })
  await writeFile(theirs, 'server = "x"\n')
  const podman = join(root, 'etc/containers/registries.conf.d/95-cairn.conf')
  await mkdir(join(root, 'etc/containers'), { recursive: true })
  t.match(await run('r.test'), { status: 1, stderr: /there already/ })
  t.notOk(existsSync(podman), 'nor is one of the other files written')
  t.match(await run('--undo'), { status: 0 })
  t.equal(await readFile(theirs, 'utf8'), 'server = "x"\n')
})
