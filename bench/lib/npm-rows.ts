import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { askMany } from './ask-many.ts'
import { bounded, compared, noted, type Room, type Row } from './bench.ts'
import { type Cost, costOf, residentMegabytes } from './cost.ts'
import { interleave, median } from './interleave.ts'
import { startVerdaccio } from './verdaccio.ts'

/** A registry that a bench asks. */
interface Registry {
  readonly pid: number
  /** Ends with a slash. */
  readonly url: string
}

const peerName = 'verdaccio'
/** One of the longest packuments there are. */
const longName = 'typescript'

/** What serving npm costs from what is held, against verdaccio: this project's own packages. */
export async function npmRows(
  room: Room,
  cairn: { readonly pid: number; readonly port: number },
  upstream: string
): Promise<Row[]> {
  const started = await startVerdaccio(room, upstream)
  const own = { pid: cairn.pid, url: `http://127.0.0.1:${cairn.port}/npm/` }
  const peer = started && { pid: started.pid, url: `http://127.0.0.1:${started.port}/` }
  const project = copyProject(room)
  const packages = lockedPackages(project)
  const install = (of: Registry) => () => npmCi(room, project, of)
  room.say(`npm ci of ${packages.length} packages, once through each to fill it`)
  for (const server of peer === undefined ? [own] : [own, peer]) await install(server)()
  const installs = await interleave(room.rounds, install(own), peer && install(peer))
  const tarballs = (of: Registry) => () => fetchTarballs(of, packages, room.small ? 200 : 3000)
  const rates = await interleave(room.rounds, tarballs(own), peer && tarballs(peer))
  const times = await packumentTimes(own)
  return [
    compared({
      ...installs,
      peerName,
      what: `npm ci of ${packages.length} packages, warm: server`,
      bar: { of: 'cpu', atMost: 0.15 }
    }),
    compared({
      ...rates,
      peerName,
      what: '3000 tarballs, 8 connections: time',
      bar: { of: 'wall', atMost: 0.33 }
    }),
    bounded(`packument of ${(times.bytes / 1e6).toFixed(1)} MB plain, p50`, times.p50, 'ms', 10),
    ...(peer === undefined
      ? []
      : [
          noted(
            'verdaccio, resident memory after it',
            `${residentMegabytes(peer.pid).toFixed(0)} MB`
          )
        ])
  ]
}

function copyProject(room: Room): string {
  const project = room.disk('project')
  for (const name of ['package.json', 'package-lock.json']) {
    copyFileSync(resolve(import.meta.dirname, '../..', name), join(project, name))
  }
  return project
}

interface Locked {
  readonly name: string
  readonly version: string
}

function lockedPackages(project: string): Locked[] {
  const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string; optional?: boolean }>
  }
  return Object.entries(packages)
    .filter(([path, { optional }]) => path !== '' && optional !== true)
    .map(([path, { version }]) => ({ name: path.replace(/^.*node_modules\//, ''), version }))
}

/** From no cache; the CPU is the server's alone. */
async function npmCi(room: Room, project: string, { pid, url }: Registry): Promise<Cost> {
  const home = join(project, 'home')
  for (const folder of [home, join(project, 'node_modules')])
    rmSync(folder, { recursive: true, force: true })
  mkdirSync(home)
  const settings = [
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    `--registry=${url}`
  ]
  const env = { PATH: process.env.PATH ?? '', HOME: home, npm_config_cache: join(home, 'cache') }
  let said = ''
  const cost = await costOf([pid], () => {
    const done = spawnSync('npm', ['ci', ...settings], {
      cwd: project,
      env,
      encoding: 'utf8',
      timeout: 600_000
    })
    if (done.status !== 0) said = done.stderr
  })
  if (said !== '') throw new Error(`npm ci through ${url} failed: ${said.slice(-500)}`)
  room.say(
    `${url}: npm ci ${cost.wallSeconds.toFixed(1)} s, server ${cost.cpuSeconds.toFixed(2)} s CPU`
  )
  return cost
}

async function fetchTarballs(
  { pid, url }: Registry,
  packages: readonly Locked[],
  count: number
): Promise<Cost> {
  const { pathname, port } = new URL(url)
  const paths = Array.from({ length: count }, (_, at) => {
    const { name, version } = packages[at % packages.length]!
    return `${pathname}${name}/-/${name.replace(/^.*\//, '')}-${version}.tgz`
  })
  return await costOf([pid], () => askMany({ port: Number(port), paths, connections: 8 }))
}

/** Of the full form, gzipped, as npm view asks for it. */
async function packumentTimes({ url }: Registry): Promise<{ p50: number; bytes: number }> {
  const { pathname, port } = new URL(url)
  const plain = await (await fetch(url + longName)).arrayBuffer()
  const headers = { 'accept-encoding': 'gzip', accept: 'application/json' }
  const times: number[] = []
  for (let round = 0; round < 60; round++) {
    const began = performance.now()
    await askMany({ port: Number(port), paths: [pathname + longName], connections: 1, headers })
    times.push(performance.now() - began)
  }
  return { p50: median(times), bytes: plain.byteLength }
}
