import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'
import { machineRegistry } from '../test/lib/npm-client.ts'
import { bench as apt } from './apt.ts'
import { askMany } from './lib/ask-many.ts'
import { type Bench, bounded, compared, type Room, type Row } from './lib/bench.ts'
import { startCairn } from './lib/cairn.ts'
import { type Cost, costOf, residentMegabytes } from './lib/cost.ts'
import { type DockerRegistry, startDockerRegistry } from './lib/docker-registry.ts'
import { interleave } from './lib/interleave.ts'
import { npmRows } from './lib/npm-rows.ts'

/** A server of container images that a bench asks. */
interface Registry {
  readonly pid: number
  readonly port: number
}

const name = 'bench/image'
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

/** What registries spend on serving what they hold; and what standing before another one costs. */
export const bench: Bench = {
  title: 'serve packages that are held, against apt-cacher-ng, verdaccio and docker-registry',
  run: async room => {
    const peer = await startDockerRegistry(room)
    const home = room.disk('home')
    const npm = machineRegistry()
    writeFileSync(join(home, 'config.yaml'), settingsOf(peer, npm))
    const cairn = await startCairn(room, home)
    const bytes = room.small ? 10_000_000 : 200_000_000
    const body = randomBytes(bytes)
    const servers: Registry[] = peer === undefined ? [cairn] : [cairn, peer]
    for (const server of servers) await pushImage(server, body)
    const digest = digestOf(body)
    const blob = (of: Registry) => () => fetchBlob(of, digest, bytes)
    const manifests = (of: Registry) => () => fetchManifests(of, room.small ? 100 : 3000)
    const blobs = await interleave(room.rounds, blob(cairn), peer && blob(peer))
    const rates = await interleave(room.rounds, manifests(cairn), peer && manifests(peer))
    return [
      ...(await apt.run(room)),
      ...rows(bytes, blobs, rates),
      ...(peer === undefined ? [] : [await firstByte(room, cairn, peer, bytes)]),
      ...(npm === undefined ? [] : await npmRows(room, cairn, npm)),
      bounded('resident memory after all of it', residentMegabytes(cairn.pid), 'MB', 250)
    ]
  }
}

interface Costs {
  readonly cairn: Cost
  readonly peer: Cost | undefined
}

function rows(bytes: number, blobs: Costs, rates: Costs): Row[] {
  const peerName = 'docker-registry'
  return [
    compared({
      ...blobs,
      peerName,
      what: `a blob of ${bytes / 1e6} MB, warm: server`,
      bar: { of: 'cpu', atMost: 1.2 }
    }),
    compared({
      ...rates,
      peerName,
      what: '3000 manifests by tag, 4 connections: time',
      bar: { of: 'wall', atMost: 0.5 }
    })
  ]
}

function settingsOf(peer: DockerRegistry | undefined, npm: string | undefined): string {
  const oci = peer && `oci:\n  upstreams:\n    peer: http://127.0.0.1:${peer.port}/\n`
  return `${oci ?? ''}${npm === undefined ? '' : `npm:\n  upstream: ${npm}\n`}`
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

async function pushBlob({ port }: Registry, body: Buffer): Promise<string> {
  const base = `http://127.0.0.1:${port}`
  const begun = await fetch(`${base}/v2/${name}/blobs/uploads/`, { method: 'POST' })
  const place = new URL(begun.headers.get('location') ?? '', base)
  place.searchParams.set('digest', digestOf(body))
  const headers = { 'content-type': 'application/octet-stream' }
  const put = await fetch(place, { method: 'PUT', headers, body: new Uint8Array(body) })
  if (put.status !== 201) throw new Error(`a blob was answered ${put.status}`)
  return digestOf(body)
}

async function pushImage(server: Registry, body: Buffer): Promise<void> {
  const config = Buffer.from('{}')
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: await pushBlob(server, config),
      size: config.length
    },
    layers: [
      {
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        digest: await pushBlob(server, body),
        size: body.length
      }
    ]
  }
  const put = await fetch(`http://127.0.0.1:${server.port}/v2/${name}/manifests/v1`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: JSON.stringify(manifest)
  })
  if (put.status !== 201) throw new Error(`a manifest was answered ${put.status}`)
}

/** The server's CPU alone: curl's own is the same for both. Throws unless every byte came. */
async function fetchBlob({ port, pid }: Registry, digest: string, bytes: number): Promise<Cost> {
  let printed = ''
  const url = `http://127.0.0.1:${port}/v2/${name}/blobs/${digest}`
  const args = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code} %{size_download}']
  const cost = await costOf([pid], () => {
    printed = spawnSync('curl', [...args, url], { encoding: 'utf8', timeout: 600_000 }).stdout
  })
  if (printed !== `200 ${bytes}`) throw new Error(`a blob was answered ${printed}`)
  return cost
}

async function fetchManifests({ port, pid }: Registry, count: number): Promise<Cost> {
  const paths = Array.from({ length: count }, () => `/v2/${name}/manifests/v1`)
  const headers = { accept: manifestType }
  return await costOf([pid], () => askMany({ port, paths, connections: 4, headers }))
}

/** How much later the first byte of a cold blob comes than from its registry directly: the median of pairs. */
async function firstByte(room: Room, cairn: Registry, peer: Registry, bytes: number): Promise<Row> {
  const later: number[] = []
  for (let round = 0; round < 5; round++) {
    const digest = await pushBlob(peer, randomBytes(bytes / 10))
    const path = `${name}/blobs/${digest}`
    const direct = await untilFirstByte(`http://127.0.0.1:${peer.port}/v2/${path}`)
    const through = await untilFirstByte(`http://127.0.0.1:${cairn.port}/v2/peer/${path}`)
    later.push(through - direct)
  }
  room.say(`first byte later by ${later.map(ms => ms.toFixed(1)).join(', ')} ms`)
  const median = later.toSorted((a, b) => a - b)[2] ?? 0
  return bounded('first byte of a cold blob, later than directly', median, 'ms', 20)
}

function untilFirstByte(url: string): Promise<number> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, answer => {
      answer.once('data', () => {
        resolve(performance.now() - began)
        answer.destroy()
      })
    })
    request.once('error', reject)
  })
}
