import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Test } from 'tap'

/** A folder of its own that goes with the test, whatever containers left in it. */
export function ociFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'cairn-oci-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs a program to its end and gives its output; throws with all it said if it fails. */
export async function ran(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {}
): Promise<string> {
  const { stdout } = await execa(program, args, { ...options, stdin: 'ignore', timeout: 60_000 })
  return stdout
}

/**
 * An image in an OCI layout, made by umoci of two layers: a program that greets, and user 1000's
 * `/etc`, which takes a file away. Returns the layout's folder; its tag is `v1`.
 */
export async function makeImage(folder: string): Promise<string> {
  const layout = join(folder, 'layout')
  const lower = join(folder, 'lower')
  const upper = join(folder, 'upper')
  for (const name of ['bin', 'proc', 'dev', 'sys', 'etc']) {
    mkdirSync(join(lower, name), { recursive: true })
  }
  mkdirSync(join(upper, 'etc'), { recursive: true })
  const source = '#include <stdio.h>\nint main(int c, char **v) { printf("hello %s\\n", v[1]); }\n'
  writeFileSync(join(folder, 'hello.c'), source)
  await ran('gcc', ['-static', '-o', join(lower, 'bin/hello'), join(folder, 'hello.c')])
  writeFileSync(join(lower, 'etc/gone'), 'x')
  writeFileSync(join(upper, 'etc/.wh.gone'), '')
  writeFileSync(join(upper, 'etc/new'), 'new')
  const image = `${layout}:v1`
  await ran('umoci', ['init', '--layout', layout])
  await ran('umoci', ['new', '--image', image])
  for (const [layer, owner] of [
    [lower, '0'],
    [upper, '1000']
  ] as const) {
    const owned = [`--owner=:${owner}`, `--group=:${owner}`]
    await ran('tar', ['-C', layer, ...owned, '-cf', `${layer}.tar`, '.'])
    await ran('umoci', ['raw', 'add-layer', '--image', image, `${layer}.tar`])
  }
  const start = ['--config.entrypoint', '/bin/hello', '--config.cmd', 'world']
  await ran('umoci', ['config', '--image', image, ...start])
  return layout
}

export interface Origin {
  /** `127.0.0.1:<port>`. */
  readonly address: string
  stop: () => Promise<void>
}

/** Debian's docker-registry on loopback, with an empty folder. */
export async function startDockerRegistry(t: Test, folder: string): Promise<Origin> {
  const config = join(folder, 'registry.yml')
  writeFileSync(
    config,
    `version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${join(folder, 'registry')}}}
http: {addr: "127.0.0.1:0"}
`
  )
  const child = spawn('docker-registry', ['serve', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  const said = await saying(child, /listening on (127\.0\.0\.1:\d+)/)
  const stop = () => ended(child, 'SIGKILL')
  t.teardown(stop)
  return { address: said[1] ?? '', stop }
}

/** What it says once it is ready; all after that is read and dropped. */
function saying(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', piece => {
    text += piece
    const found = pattern.exec(text)
    if (found !== null) resolve(found)
  })
  child.once('exit', () => reject(new Error(`it ended: ${text}`)))
  return promise
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, 'exit')
}

/** Has skopeo copy, whatever is signed and however it is reached. */
export async function skopeoCopy(from: string, to: string, ...more: string[]): Promise<void> {
  const plain = ['--src-tls-verify=false', '--dest-tls-verify=false']
  await ran('skopeo', ['--insecure-policy', 'copy', ...plain, ...more, from, to])
}

export interface PodmanLike {
  podman: (...args: string[]) => Promise<string>
  buildah: (...args: string[]) => Promise<string>
}

/** podman and buildah with storage of their own and only these registries' settings. */
export function openPodman(folder: string, registriesConf: string): PodmanLike {
  const conf = join(folder, 'registries.conf')
  writeFileSync(conf, registriesConf)
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run')]
  const env = { CONTAINERS_REGISTRIES_CONF: conf }
  const all = [...storage, '--storage-driver', 'vfs']
  return {
    podman: (...args) =>
      ran('podman', [...all, '--runtime', 'runc', ...args], { cwd: folder, env }),
    buildah: (...args) => ran('buildah', [...all, ...args], { cwd: folder, env })
  }
}

/** A policy that asks for no signatures. */
export function writePolicy(folder: string): string {
  const file = join(folder, 'policy.json')
  writeFileSync(file, '{"default":[{"type":"insecureAcceptAnything"}]}')
  return file
}

/** What podman needs here to start a container. */
export const runLimits = ['--network=none', '--ulimit=nofile=1024:1024', '--ulimit=nproc=4096:4096']

/** containerd in a folder of its own; gives a function that runs ctr with it. */
export async function startContainerd(
  t: Test,
  folder: string
): Promise<(...args: string[]) => Promise<string>> {
  const socket = join(folder, 'c.sock')
  const config = join(folder, 'containerd.toml')
  writeFileSync(
    config,
    `version = 2
root = "${join(folder, 'containerd')}"
state = "${join(folder, 'state')}"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
  address = "${socket}"
[ttrpc]
  address = "${join(folder, 't.sock')}"
`
  )
  const child = spawn('containerd', ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => ended(child, 'SIGTERM'))
  await saying(child, /successfully booted/)
  return (...args) => ran('ctr', ['--address', socket, ...args])
}

/** dockerd in a folder of its own, without a network of its own; gives a function that runs docker with it. */
export async function startDocker(
  t: Test,
  folder: string,
  settings: string
): Promise<(...args: string[]) => Promise<string>> {
  const at = join(folder, 'docker')
  mkdirSync(at)
  writeFileSync(join(at, 'daemon.json'), settings)
  const host = `unix://${join(at, 'd.sock')}`
  const places = ['--data-root', join(at, 'data'), '--exec-root', join(at, 'exec')]
  const plain = ['--bridge=none', '--iptables=false', '--storage-driver=vfs']
  const files = ['--config-file', join(at, 'daemon.json'), '--pidfile', join(at, 'pid')]
  const args = [...files, ...places, ...plain, '--host', host]
  const child = spawn('dockerd', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => ended(child, 'SIGTERM'))
  await saying(child, /API listen on/)
  return (...args) => ran('docker', ['--host', host, ...args])
}
