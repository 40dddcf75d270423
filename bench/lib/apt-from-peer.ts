import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { openAptClient } from '../../test/lib/apt-client.ts'
import { bounded, compared, type Room, type Row } from './bench.ts'
import type { Cairn } from './cairn.ts'
import { type Cost, costOf } from './cost.ts'
import { interleave, median } from './interleave.ts'
import { type PeerCairn, startPeerCairn } from './peer-cairns.ts'

const packages = ['git', 'curl', 'rsync']
const installOptions = ['--no-install-recommends']

/** `apt-get install` through a Cairn whose peer has it all, against one that asks the machine's own mirror. */
export async function aptRow(room: Room): Promise<Row[]> {
  const mirror = machineMirror()
  if (mirror === undefined) {
    room.say('apt on this machine has no mirror over http: no packages from a peer')
    return []
  }
  const start = () =>
    startPeerCairn(room, {
      peers: ['packages: [apt/debian]'],
      config: ['apt:', '  upstreams:', `    debian: ${mirror.url}`]
    })
  const a = await start()
  await install(a, mirror)
  const through = (peers: readonly PeerCairn[]) => async (): Promise<Cost> => {
    const b = await start()
    for (const { address } of peers) b.addPeer(address)
    const cost = await install(b, mirror)
    await b.stop()
    return cost
  }
  const costs = await interleave(Math.min(room.rounds, 3), through([a]), through([]))
  const what = `apt-get install ${packages.join(' ')}, from a peer`
  const bar = { of: 'wall', atMost: 1 } as const
  return [
    compared({ ...costs, what, peerName: 'from the upstream', bar }),
    await firstByteRow(room, a, start, mirror)
  ]
}

interface Mirror {
  readonly url: string
  readonly suite: string
}

function machineMirror(): Mirror | undefined {
  for (const path of ['/etc/apt/sources.list.d/debian.sources', '/etc/apt/sources.list']) {
    const text = textOf(path)
    const url = /^URIs:\s*(http:\S+)/m.exec(text)?.[1]
    const suite = /^Suites:\s*(\S+)/m.exec(text)?.[1]
    if (url !== undefined && suite !== undefined)
      return { url: `${url.replace(/\/$/, '')}/`, suite }
    const [, line, of] = /^deb (http:\S+) (\S+) /m.exec(text) ?? []
    if (line !== undefined && of !== undefined)
      return { url: `${line.replace(/\/$/, '')}/`, suite: of }
  }
  return undefined
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** As a machine without a package would; the lists are there before it is measured. */
async function install({ port, pid }: Cairn, { suite }: Mirror): Promise<Cost> {
  const source = `deb [trusted=yes] http://127.0.0.1:${port}/apt/debian ${suite} main`
  const client = openAptClient({ sources: [source] })
  try {
    const updated = await client.run('update')
    if (updated.exitCode !== 0) throw new Error(`apt-get update: ${updated.all}`)
    const args = ['install', '-y', ...installOptions, '--download-only', ...packages]
    return await costOf([pid], async () => {
      const done = await client.run(...args)
      if (done.exitCode !== 0) throw new Error(`apt-get install: ${done.all}`)
    })
  } finally {
    client.remove()
  }
}

/** Of packages whose digest an index names, that a peer has and this machine has not. */
async function firstByteRow(
  room: Room,
  a: PeerCairn,
  start: () => Promise<PeerCairn>,
  mirror: Mirror
): Promise<Row> {
  const b = await start()
  b.addPeer(a.address)
  const source = `deb [trusted=yes] http://127.0.0.1:${b.port}/apt/debian ${mirror.suite} main`
  const client = openAptClient({ sources: [source] })
  await client.run('update')
  const planned = await client.run('install', '--print-uris', '-y', ...installOptions, ...packages)
  client.remove()
  const paths = [...String(planned.all).matchAll(/^'http:\/\/[^/]+(\/\S+)' /gm)]
    .map(([, path = '']) => path)
    .slice(0, room.small ? 5 : 25)
  const times: number[] = []
  for (const path of paths) times.push(await firstByteMs(b.port, path))
  return bounded('first byte of a package that a peer has', median(times), 'ms', 30)
}

function firstByteMs(port: number, path: string): Promise<number> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path }, answer => {
      if (answer.statusCode !== 200)
        reject(new Error(`a package was answered ${answer.statusCode}`))
      let first = 0
      answer.on('data', () => {
        first ||= performance.now() - began
      })
      answer.on('end', () => resolve(first))
    }).on('error', reject)
  })
}
