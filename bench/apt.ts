import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAptCacher } from './lib/apt-cacher.ts'
import { type Bench, compared, type Room, type Row } from './lib/bench.ts'
import { startCairn } from './lib/cairn.ts'
import { type Cost, costOf } from './lib/cost.ts'
import { interleave } from './lib/interleave.ts'

const packages = ['build-essential', 'git', 'python3', 'curl']
const mostDebs = 109

interface Deb {
  readonly url: string
  readonly bytes: number
}

/** The closure of a few packages, as the machine's own apt would fetch it, on one connection, from what is held already. */
export const bench: Bench = {
  title: 'serve .deb files that are held, against apt-cacher-ng',
  run: async room => {
    const debs = closure(room)
    const bytes = debs.reduce((total, deb) => total + deb.bytes, 0)
    room.say(
      `${debs.length} debs, ${(bytes / 1e6).toFixed(0)} MB, from the machine's mirror, once through each`
    )
    const home = room.disk('home')
    writeFileSync(join(home, 'config.yaml'), upstreams(debs))
    const cairn = await startCairn(room, home)
    const peer = await startAptCacher(room)

    const list = curlConfig(room, debs)
    const fetchThrough = (port: number, pid: number) => () => fetchAll(list, { port, pid, bytes })
    const cairnFetch = fetchThrough(cairn.port, cairn.pid)
    const peerFetch = peer && fetchThrough(peer.port, peer.pid)
    await cairnFetch()
    await peerFetch?.()
    const costs = await interleave(room.rounds, cairnFetch, peerFetch)
    return rows(debs.length, costs.cairn, costs.peer)
  }
}

function rows(count: number, cairn: Cost, peer: Cost | undefined): Row[] {
  const shared = { cairn, peer, peerName: 'apt-cacher-ng' }
  return [
    compared({
      ...shared,
      what: `${count} debs, warm, one connection: time`,
      bar: { of: 'wall', atMost: 0.5 }
    }),
    compared({
      ...shared,
      what: `${count} debs, warm, one connection: server`,
      bar: { of: 'cpu', atMost: 3 }
    })
  ]
}

/** What apt would download onto a machine with no package at all, by its lists of now. */
function closure(room: Room): Deb[] {
  const folder = room.disk('apt')
  writeFileSync(join(folder, 'status'), '')
  mkdirSync(join(folder, 'archives', 'partial'), { recursive: true })
  const options = [
    `Dir::State::status=${join(folder, 'status')}`,
    `Dir::Cache::archives=${join(folder, 'archives')}`
  ]
  const args = ['--print-uris', '-y', '--no-install-recommends', 'install', ...packages]
  const set = [...options, 'Debug::NoLocking=1'].flatMap(option => ['-o', option])
  if (aptGet([...set, ...args]) === undefined) aptGet(['update'])
  const printed = aptGet([...set, ...args])
  const debs = [...(printed ?? '').matchAll(/^'(http[^']+)' \S+ (\d+) /gm)].map(
    ([, url = '', bytes]) => ({
      url,
      bytes: Number(bytes)
    })
  )
  if (debs.length < 20) throw new Error('apt-get names no packages: its sources must be http')
  return debs.slice(0, room.small ? 10 : mostDebs)
}

function aptGet(args: readonly string[]): string | undefined {
  const done = spawnSync('apt-get', args, { encoding: 'utf8', timeout: 180_000 })
  return done.status === 0 ? done.stdout : undefined
}

/** Cairn's configuration for the repositories that the packages lie in. */
function upstreams(debs: readonly Deb[]): string {
  const bases = [...new Set(debs.map(deb => deb.url.replace(/pool\/.*$/, '')))]
  const lines = bases.map((base, index) => `    repository${index}: ${base}`)
  return ['apt:', '  upstreams:', ...lines, ''].join('\n')
}

function curlConfig(room: Room, debs: readonly Deb[]): string {
  const list = join(room.disk('curl'), 'list')
  const lines = debs.map(({ url }) => `url = "${url}"\noutput = "/dev/null"`)
  writeFileSync(list, `${lines.join('\n')}\n`)
  return list
}

/** The server's CPU alone: curl's own is the same for both. Throws unless every byte came. */
async function fetchAll(
  list: string,
  { port, pid, bytes }: { port: number; pid: number; bytes: number }
): Promise<Cost> {
  const proxy = ['--proxy', `http://127.0.0.1:${port}`, '--noproxy', '']
  const answer = ['--silent', '--show-error', '--write-out', '%{http_code} %{size_download}\\n']
  let printed = ''
  const cost = await costOf([pid], () => {
    const done = spawnSync('curl', [...proxy, ...answer, '--config', list], {
      encoding: 'utf8',
      timeout: 600_000
    })
    printed = `${done.stdout}${done.stderr}`
  })
  const answers = [...printed.matchAll(/^(\d+) (\d+)$/gm)]
  const wrong = answers.find(([, status]) => status !== '200')
  const received = answers.reduce((total, [, , size]) => total + Number(size), 0)
  if (wrong !== undefined || received !== bytes) {
    throw new Error(`asked for ${bytes} bytes and got ${received}: ${printed.slice(0, 300)}`)
  }
  return cost
}
