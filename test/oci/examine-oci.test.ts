import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { examineOci } from '../../src/cli/examine/check-oci.ts'
import { loadSettings } from '../../src/daemon/settings.ts'
import { makeWorld } from '../cli/run-cairn.ts'

t.test('doctor says of each client what setup oci did, and what has changed since', async t => {
  const world = await makeWorld(t)
  const root = join(world.folder, 'root')
  const etc = (path: string) => join(root, 'etc', path)
  const conf = etc('containers/registries.conf.d/95-cairn.conf')
  const hosts = etc('containerd/certs.d/_default/hosts.toml')
  const [daemonJson, containerd] = [etc('docker/daemon.json'), etc('containerd/config.toml')]
  const finding = async (listen = '127.0.0.1:7070') => {
    const flags = { home: world.home, mount: undefined, listen }
    return await examineOci(root, await loadSettings({ flags, environment: {} }))
  }
  const setUp = (...args: string[]) => world.line(['setup', 'oci', ...args, '--root', root])
  const edit = async (file: string, from: RegExp | string, to: string) => {
    const text = await readFile(file, 'utf8')
    await writeFile(file, text.replace(from, to))
    return async () => await writeFile(file, text)
  }
  t.match(await finding(), { verdict: 'ok', found: 'no podman, containerd or docker' })
  for (const client of ['containers', 'containerd', 'docker']) {
    await mkdir(etc(client), { recursive: true })
  }
  t.match(await finding(), { verdict: 'ok', found: /^podman, containerd, docker: not by Cairn/ })

  await setUp('r.test', '--client', 'podman')
  t.match(await finding(), { verdict: 'ok', found: 'podman: asks Cairn at 127.0.0.1:7070' })
  t.match(await finding('127.0.0.1:7071'), { verdict: 'warn', advice: /setup oci` again/ })
  const config = join(world.home, 'config.yaml')
  const other = await edit(config, 'r.test:', 'other.test:')
  t.match(await finding(), { verdict: 'warn', found: /95-cairn.conf is not what config.yaml says/ })
  await writeFile(config, '')
  t.match(await finding(), { verdict: 'warn', found: /no registry to mirror/ })
  await other()

  await setUp('--client', 'containerd')
  const lacking = { verdict: 'warn', found: /has no config_path/, advice: /--hosts-dir/ }
  t.match(await finding(), lacking, 'a file that its CRI does not look for')
  for (const text of [
    '[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "/etc/containerd/certs.d"\n',
    'disabled_plugins = ["cri"]\n'
  ]) {
    await writeFile(containerd, text)
    t.match(await finding(), { verdict: 'ok', found: /^podman, containerd: asks/ }, text)
  }
  await writeFile(containerd, '# config_path = "/etc/containerd/certs.d"\n')
  t.match(await finding(), lacking, 'a comment is none')
  await rm(containerd)
  await writeFile(containerd, 'disabled_plugins = ["cri"]\n')
  const elsewhere = await edit(hosts, '7070', '7071')
  t.match(await finding(), { verdict: 'warn', found: /hosts.toml does not lead to 127.0.0.1:7070/ })
  await elsewhere()

  await setUp('--client', 'docker')
  t.match(await finding(), { verdict: 'ok', found: /^podman, containerd, docker: asks/ })
  const second = await edit(daemonJson, '["', '["http://127.0.0.1:1", "')
  t.match(await finding(), { verdict: 'warn', found: /not first/, advice: /restart docker/ })
  await second()
  await edit(config, /\n *otherwise: .*/, '')
  t.match(await finding(), { verdict: 'warn', advice: /otherwise/ }, 'whose images are meant?')

  await world.line(['setup', 'oci', '--undo', '--root', root])
  t.match(await finding(), { verdict: 'ok', found: /not by Cairn/ })
  t.notOk(existsSync(conf))
  await writeFile(daemonJson, '{"proxies": {"http-proxy": "http://127.0.0.1:3128"}}')
  t.match(await finding(), { verdict: 'ok', found: /not by Cairn/ }, 'no mirror at all')
  await writeFile(daemonJson, 'no json')
  t.match(await finding(), { verdict: 'ok' })
})

t.test('doctor has a line for container clients', async t => {
  const world = await makeWorld(t)
  const { stdout } = await world.run(['doctor', '--json', '--mount', 'none'])
  t.match(stdout, /"check":"oci"/)
})
