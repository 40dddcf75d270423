import { readdirSync, readFileSync } from 'node:fs'
import { aptAdapter } from '../../adapters/apt/adapter.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import { openMirrorDoor } from '../../src/mirror/mirror-door.ts'
import type { Adapter, Upstream } from '../../src/pull/adapter.ts'
import { openPullWorld, type PullWorld, type WorldOptions } from './pull-world.ts'

export interface MirrorWorld extends PullWorld {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly port: number
}

/** The engine with an adapter, apt's by default, behind the daemon's HTTP server. */
export async function openMirrorWorld(
  upstreams: Readonly<Record<string, string | Omit<Upstream, 'name'>>>,
  options: WorldOptions = {},
  adapter: Adapter = aptAdapter
): Promise<MirrorWorld> {
  const world = openPullWorld({ ...options, adapters: [adapter] })
  const named = Object.fromEntries(
    Object.entries(upstreams).map(([name, upstream]) => [
      name,
      { name, ...(typeof upstream === 'string' ? { url: upstream } : upstream) }
    ])
  )
  const door = openMirrorDoor({
    adapter,
    upstreams: () => named,
    pull: world.pull,
    proxy: true
  })
  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    { doors: [door], log: log as never }
  )
  const { port } = server.address
  return {
    ...world,
    url: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      await server.close(AbortSignal.abort())
      await world.close()
    },
    remove: async () => {
      await server.close(AbortSignal.abort())
      await world.remove()
    }
  }
}

/** The main Debian mirror this machine's own apt uses and the suite it follows; never written into the project. */
export function machineMirror(): { url: string; suite: string } | undefined {
  const folder = '/etc/apt/sources.list.d'
  const texts = [...readdirSync(folder).map(name => `${folder}/${name}`), '/etc/apt/sources.list']
    .map(readOrEmpty)
    .join('\n')
  const deb822 = /^URIs:\s*(http:\S+?\/debian)\/?\s*\n(?:.*\n)*?Suites:\s*(\S+)/m.exec(texts)
  const line = /^deb\s+(?:\[.*?\]\s+)?(http:\S+?\/debian)\/?\s+(\S+)/m.exec(texts)
  const [, url, suite] = deb822 ?? line ?? []
  return url === undefined || suite === undefined ? undefined : { url: `${url}/`, suite }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
