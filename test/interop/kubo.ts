import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { requireThat } from '../lib/skip.ts'

/** What scripts/lib/kubo builds. */
const version = '0.36.0'
const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
const program = join(cache, 'cairn', `kubo-${version}`, 'ipfs')

/** True if Kubo was built: `./scripts/test interop` does where Go is installed. */
export function requireKubo(t: Pick<Test, 'pass' | 'fail'>): boolean {
  return requireThat(t, existsSync(program), `Kubo ${version}: ./scripts/test interop, where Go is`)
}

export interface KuboOptions {
  /** The text of a swarm key's file. */
  readonly swarmKey?: string
  readonly config?: Readonly<Record<string, unknown>>
}

export interface Kubo {
  /** Runs `ipfs` to its end and gives what it printed; throws if it fails. */
  run: (args: readonly string[], input?: Uint8Array) => Promise<Buffer>
  /** As `run`, one line. */
  line: (args: readonly string[], input?: Uint8Array) => Promise<string>
  start: (args?: readonly string[]) => Promise<KuboDaemon>
}

export interface KuboDaemon {
  /** Its multiaddr, with its peer ID. */
  readonly address: string
  readonly id: string
  /** The URL of its gateway, with a slash at its end. */
  readonly gateway: string
}

/** A repository of Kubo that speaks to loopback alone: no bootstrap, routing, relay, mDNS or port mapping. */
export async function makeKubo(
  t: Test,
  { swarmKey, config = {} }: KuboOptions = {}
): Promise<Kubo> {
  const repo = await mkdtemp(join(tmpdir(), 'cairn-kubo-'))
  const children: ChildProcess[] = []
  t.teardown(async () => {
    for (const child of children) await end(child)
    await rm(repo, { recursive: true, force: true })
  })
  const start = (args: readonly string[]) =>
    spawn(program, args, {
      cwd: repo,
      env: { PATH: process.env.PATH, HOME: repo, IPFS_PATH: repo, IPFS_TELEMETRY: 'off' },
      stdio: ['pipe', 'pipe', 'pipe']
    })
  const run: Kubo['run'] = (args, input) => collect(start(args), args, input)
  const line: Kubo['line'] = async (args, input) => (await run(args, input)).toString().trim()
  await run(['init', '--profile', 'test'])
  const settings = {
    'Routing.Type': 'none',
    'Version.SwarmCheckEnabled': false,
    'Swarm.DisableNatPortMap': true,
    'Swarm.RelayClient.Enabled': false,
    'Swarm.RelayService.Enabled': false,
    'AutoNAT.ServiceMode': 'disabled',
    'Swarm.Transports.Network.QUIC': false,
    'Import.UnixFSHAMTDirectorySizeThreshold': '256KiB',
    ...config
  }
  for (const [key, value] of Object.entries(settings)) {
    await run(['config', '--json', key, JSON.stringify(value)])
  }
  if (swarmKey !== undefined) await writeFile(join(repo, 'swarm.key'), swarmKey)
  return {
    run,
    line,
    start: async (args = []) => {
      const child = start(['daemon', ...args])
      children.push(child)
      await saying(child, 'Daemon is ready')
      const { Addresses, ID } = JSON.parse(await line(['id'])) as {
        Addresses: string[]
        ID: string
      }
      const address = Addresses.find(each => each.startsWith('/ip4/127.0.0.1/tcp/'))
      if (address === undefined) throw new Error(`Kubo listens at ${Addresses}`)
      const gateway = (await readFile(join(repo, 'gateway'), 'utf8')).trim()
      return { address, id: ID, gateway: gateway.endsWith('/') ? gateway : `${gateway}/` }
    }
  }
}

async function collect(
  child: ReturnType<typeof spawn>,
  args: readonly string[],
  input: Uint8Array = new Uint8Array(0)
): Promise<Buffer> {
  const out: Buffer[] = []
  const errors: Buffer[] = []
  child.stdout?.on('data', piece => out.push(piece))
  child.stderr?.on('data', piece => errors.push(piece))
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const [status] = await once(child, 'close')
  if (status === 0) return Buffer.concat(out)
  throw new Error(`ipfs ${args.join(' ')}: ${Buffer.concat([...out, ...errors])}`)
}

async function saying(child: ReturnType<typeof spawn>, words: string): Promise<void> {
  let said = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const hear = (piece: Buffer) => {
    said += piece
    if (said.includes(words)) resolve()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.once('exit', status => reject(new Error(`Kubo ended by ${status}: ${said}`)))
  await promise
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}
