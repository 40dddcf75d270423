import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Room } from './bench.ts'
import { type Cost, costOf } from './cost.ts'

const packages = [
  'helia',
  '@helia/bitswap',
  '@helia/libp2p',
  '@helia/unixfs',
  '@libp2p/identify',
  '@libp2p/noise',
  '@libp2p/tcp',
  '@libp2p/yamux',
  '@multiformats/multiaddr',
  'multiformats'
]

/** A helia node in a process of its own that serves a file by bitswap. */
export interface StockHelia {
  readonly pid: number
  /** Fetches all of the file by another node in another process: its time, and the server's CPU. */
  fetch: () => Promise<Cost>
}

/** Installs helia from the machine's registry and lets it serve a file from memory. Undefined if it cannot be had. */
export async function serveByHelia(
  room: Room,
  file: string,
  bytes: number
): Promise<StockHelia | undefined> {
  const folder = room.disk('helia')
  const dependencies = Object.fromEntries(packages.map(name => [name, 'latest']))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }))
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts']
  spawnSync('npm', args, { cwd: folder, timeout: 600_000 })
  if (!existsSync(join(folder, 'node_modules/helia'))) {
    room.say('helia cannot be installed: nothing to compare with')
    return undefined
  }
  const program = join(folder, 'helia-peer.mjs')
  copyFileSync(new URL('./helia-peer.mjs', import.meta.url), program)
  const server = start(room, [program, 'serve', file])
  const { address, cid } = JSON.parse(await lineOf(server)) as { address: string; cid: string }
  const pid = server.pid ?? 0
  return {
    pid,
    fetch: async () => {
      const client = start(room, [program, 'fetch', address, cid])
      await lineOf(client)
      const cost = await costOf([pid], async () => {
        const fetched = lineOf(client)
        client.stdin?.write('go\n')
        if ((await fetched) !== String(bytes)) throw new Error('helia fetched something else')
      })
      client.kill('SIGKILL')
      return cost
    }
  }
}

function start(room: Room, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  room.afterwards(() => void child.kill('SIGKILL'))
  return child
}

async function lineOf(child: ChildProcess): Promise<string> {
  const line = once(child.stdout!, 'data').then(([text]) => String(text).trim())
  const ended = once(child, 'exit').then(() => {
    throw new Error('helia ended')
  })
  return await Promise.race([line, ended])
}
