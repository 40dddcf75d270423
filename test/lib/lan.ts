import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { execa } from 'execa'
import type { Test } from 'tap'
import { program } from '../cli/run-cairn.ts'
import { requireClient, requireRoot } from './skip.ts'

const ip = async (...args: string[]) => (await promisify(execFile)('ip', args)).stdout

/** A machine of the network: a namespace with the address `10.77.0.<number>`. */
export interface Machine {
  readonly space: string
  readonly address: string
  /** What runs a program there: `nsenter …`. */
  readonly through: readonly string[]
  /** Runs a program there to its end; throws with all it said if it fails. */
  run: (
    program: string,
    args: readonly string[],
    options?: { readonly cwd?: string; readonly env?: Record<string, string> }
  ) => Promise<string>
  /** Starts one that says something when it is ready; killed with the test. */
  start: (program: string, args: readonly string[]) => Promise<Started>
  /** Packets that left by its one link. */
  sent: () => Promise<number>
  /** Takes its cable out, or puts it in. */
  cable: (state: 'up' | 'down') => Promise<void>
}

export interface Started {
  readonly pid: number
  kill: () => Promise<void>
}

export interface Host extends Machine {
  readonly home: string
  readonly mount: string
  readonly daemon: Started
  /** Bytes at a path of this host's own Cairn; throws unless they are given whole within a minute. */
  get: (path: string) => Promise<Buffer>
  cairn: (...args: string[]) => Promise<string>
}

export interface HostOptions {
  readonly network: 'off' | 'lan' | 'public'
  /** Its config.yaml. */
  readonly config?: string
  readonly mounted?: boolean
  /** Reaches, and is heard by, machines that are not isolated only. */
  readonly isolated?: boolean
}

export interface Lan {
  readonly folder: string
  addMachine: (number: number) => Promise<Machine>
  /** With a Cairn that runs. */
  addHost: (number: number, options: HostOptions) => Promise<Host>
}

/** Whether a network of namespaces can be made here; says so if not. */
export function requireLan(t: Test): boolean {
  return ['ip', 'curl', 'nsenter'].every(client => requireClient(t, client)) && requireRoot(t)
}

/**
 * A network of machines on one bridge, 10.77.0.0/24, each in a namespace with a default route that ends at
 * the bridge; gone with the test. Files are this machine's: namespaces are of the network alone.
 */
export async function makeLan(t: Test): Promise<Lan> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-lan-'))
  const id = `cn${process.pid % 100_000}`
  const bridge = `${id}-lan`
  const spaces: string[] = []
  const addSpace = async (space: string) => {
    await ip('netns', 'add', space)
    spaces.push(space)
    return space
  }
  t.teardown(async () => {
    for (const space of spaces) await ip('netns', 'del', space)
    await rm(folder, { recursive: true, force: true })
  })
  await addSpace(bridge)
  await ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge')
  await ip('-n', bridge, 'link', 'set', 'br0', 'up')
  const addMachine = async (number: number): Promise<Machine> => {
    const space = await addSpace(`${id}-${number}`)
    const machine = openMachine(t, { space, bridge, number, folder })
    await connect(machine, bridge, number)
    return machine
  }
  return {
    folder,
    addMachine,
    addHost: async (number, options) => {
      const machine = await addMachine(number)
      if (options.isolated) await isolate(bridge, number)
      return await startHost(t, { ...machine, folder }, options)
    }
  }
}

interface Place {
  readonly space: string
  readonly bridge: string
  readonly number: number
  readonly folder: string
}

function openMachine(t: Test, { space, bridge, number, folder }: Place): Machine {
  const through = ['nsenter', `--net=/run/netns/${space}`]
  return {
    space,
    address: `10.77.0.${number}`,
    through,
    run: async (name, args, options) => {
      const ran = await execa('env', [...through, name, ...args], {
        cwd: folder,
        stdin: 'ignore',
        ...options
      })
      return ran.stdout
    },
    start: async (name, args) => {
      const child = spawn('env', [...through, name, ...args], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'ignore']
      })
      const kill = async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      t.teardown(kill)
      await once(child.stdout, 'data')
      child.stdout.resume()
      return { pid: child.pid!, kill }
    },
    sent: async () => {
      const told = JSON.parse(await ip('-n', space, '-j', '-s', 'link', 'show', 'eth0'))
      return told[0].stats64.tx.packets
    },
    cable: async state => void (await ip('-n', bridge, 'link', 'set', `v${number}`, state))
  }
}

async function connect({ space, address, run }: Machine, bridge: string, number: number) {
  const off = (name: string) => `echo 1 > /proc/sys/net/ipv6/conf/${name}/disable_ipv6`
  await run('sh', ['-c', `${off('all')}; ${off('default')}`])
  const pair = ['type', 'veth', 'peer', 'name', 'eth0', 'netns', space]
  await ip('-n', bridge, 'link', 'add', `v${number}`, ...pair)
  await ip('-n', bridge, 'link', 'set', `v${number}`, 'master', 'br0', 'up')
  await ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  for (const link of ['lo', 'eth0']) await ip('-n', space, 'link', 'set', link, 'up')
  await ip('-n', space, 'route', 'add', 'default', 'dev', 'eth0')
}

/** bridge(8): an isolated port exchanges frames with those only that are not. */
async function isolate(bridge: string, number: number): Promise<void> {
  await ip('-n', bridge, 'link', 'set', `v${number}`, 'type', 'bridge_slave', 'isolated', 'on')
}

async function startHost(
  t: Test,
  { folder, ...machine }: Machine & { readonly folder: string },
  { network, config = '', mounted = false }: HostOptions
): Promise<Host> {
  const home = join(folder, `home-${machine.address}`)
  const mount = join(folder, `mount-${machine.address}`)
  await mkdir(home)
  await writeFile(join(home, 'config.yaml'), config)
  const places = ['--home', home, '--mount', mounted ? mount : 'none']
  const listen = ['--listen', '127.0.0.1:7070', '--network', network]
  const daemon = await machine.start(program, ['start', ...places, ...listen])
  // Its mounts go with it only if it may end by itself.
  if (mounted) t.teardown(() => execa(program, ['stop', '--home', home], { reject: false }))
  return {
    ...machine,
    home,
    mount,
    daemon,
    get: async path => {
      const url = `http://127.0.0.1:7070${path}`
      const args = [...machine.through, 'curl', '-sf', '--max-time', '60', url]
      const options = { encoding: 'buffer' as const, maxBuffer: 2 ** 28 }
      return (await promisify(execFile)('env', args, options)).stdout
    },
    cairn: async (...args) => (await execa(program, [...args, '--home', home])).stdout
  }
}
