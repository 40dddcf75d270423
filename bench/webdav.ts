import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startApacheDav } from './lib/apache-dav.ts'
import { type Bench, bounded, compared, type Room, type Row } from './lib/bench.ts'
import { startCairn } from './lib/cairn.ts'
import { costOf } from './lib/cost.ts'
import { makeFile } from './lib/files.ts'
import { byTurns, interleave } from './lib/interleave.ts'
import { peakGrowthMegabytes } from './lib/peak-memory.ts'
import { startRcloneDav } from './lib/rclone-dav.ts'

interface Drive {
  readonly pid: number
  readonly url: string
}

interface Task {
  readonly what: string
  readonly bar: { readonly of: 'wall' | 'cpu'; readonly atMost: number }
  /** If not the room's: few of what takes long, many of what takes a tenth of a second, or is not compiled at first. */
  readonly rounds?: number
  /** Before each measurement, not measured. */
  readonly prepare?: (drive: Drive) => void
  readonly run: (drive: Drive) => void
}

/** The CPU of the server, and of this process, which starts curl (some 2 ms a time); curl's own is not counted. */
export const bench: Bench = {
  title: 'the network drive, against mod_dav of Apache and rclone serve webdav',
  run: async room => {
    const cairn = await startCairn(room, room.disk('home'))
    const drive = { pid: cairn.pid, url: `http://127.0.0.1:${cairn.port}/dav/mfs/` }
    const peers = [
      { name: 'Apache', drive: await startApacheDav(room), promised: true },
      { name: 'rclone', drive: await startRcloneDav(room), promised: false }
    ]
    const rows = [putMemory(room, drive)]
    for (const task of tasksOf(room)) rows.push(...(await rowsOf(room, task, drive, peers)))
    rows.push(await lastAndFirst(room, drive))
    return rows
  }
}

interface Peer {
  readonly name: string
  /** Undefined if it is not installed. */
  readonly drive: Drive | undefined
  /** Whether the bars are against it. */
  readonly promised: boolean
}

/** A row for each peer; all of them and Cairn by turns. */
async function rowsOf(
  room: Room,
  task: Task,
  drive: Drive,
  peers: readonly Peer[]
): Promise<Row[]> {
  const measure = (on: Drive) => () => {
    task.prepare?.(on)
    return costOf([on.pid], () => task.run(on))
  }
  const rounds = room.small ? room.rounds : (task.rounds ?? room.rounds)
  const drives = [drive, ...peers.map(peer => peer.drive)]
  const [cairn, ...others] = await byTurns(
    rounds,
    drives.map(on => on && measure(on))
  )
  if (cairn === undefined) throw new Error('Cairn was not measured')
  return peers.map(({ name: peerName, promised }, index) => {
    const bar = promised ? task.bar : { of: task.bar.of }
    return compared({ what: task.what, bar, cairn, peer: others[index], peerName })
  })
}

/** Who opens a file at its end waits no longer than at its beginning. */
async function lastAndFirst(room: Room, drive: Drive): Promise<Row> {
  const get = (range: string) => () =>
    costOf([drive.pid], () => curl(['-r', range, `${drive.url}large`]))
  const { cairn, peer } = await interleave(room.rounds * 3, get('-65536'), get('0-65535'))
  const bar = { of: 'wall', atMost: 1.25 } as const
  return compared({ what: 'GET its last 64 KiB, beside its first', bar, cairn, peer, peerName: '' })
}

/** Of the first PUT there is: what a process once had it keeps, and a second one would hide it. */
function putMemory(room: Room, drive: Drive): Row {
  const mebibytes = room.small ? 32 : 1024
  const file = join(room.memory('memory'), 'large')
  makeFile(file, mebibytes)
  const grown = peakGrowthMegabytes(drive.pid, () => curl(['-T', file, `${drive.url}memory`]))
  curl(['-X', 'DELETE', `${drive.url}memory`])
  rmSync(file)
  return bounded(`PUT ${mebibytes} MiB: resident memory grows by`, grown, 'MB', 67)
}

function tasksOf(room: Room): Task[] {
  const mebibytes = room.small ? 32 : 1024
  const [puts, members, tree] = room.small ? [100, 200, 200] : [2000, 5000, 10_000]
  const source = room.memory('source')
  makeFile(join(source, 'large'), mebibytes)
  const small = join(source, 'small')
  writeFileSync(small, 'x'.repeat(1024))
  const list = join(source, 'list')
  const putMany = (folder: string, count: number) => (drive: Drive) => {
    discard(`${drive.url}${folder}`)
    curl(['-X', 'MKCOL', `${drive.url}${folder}`])
    writeFileSync(list, uploads(small, `${drive.url}${folder}`, count))
    curl(['--parallel', '--parallel-max', '8', '--config', list])
  }
  const large = (drive: Drive) => `${drive.url}large`
  const filled = new Set<string>()
  const fillOnce = (folder: string, count: number) => (drive: Drive) => {
    if (!filled.has(drive.url + folder)) putMany(folder, count)(drive)
    filled.add(drive.url + folder)
  }
  const transfer = (method: string, from: string, to: string) => (drive: Drive) =>
    curl(['-X', method, '-H', `Destination: ${drive.url}${to}`, `${drive.url}${from}`])
  const withTree = (drive: Drive) => {
    fillOnce('tree/', tree)(drive)
    for (const copy of ['copy/', 'moved/']) discard(`${drive.url}${copy}`)
  }
  return [
    {
      what: `PUT ${mebibytes} MiB`,
      rounds: 3,
      bar: { of: 'cpu', atMost: 1.5 },
      run: drive => curl(['-T', join(source, 'large'), large(drive)])
    },
    {
      what: `GET ${mebibytes} MiB`,
      rounds: 3,
      bar: { of: 'cpu', atMost: 1.5 },
      run: drive => curl([large(drive)])
    },
    {
      what: 'GET the last 64 KiB of it',
      rounds: 15,
      bar: { of: 'wall', atMost: 1.5 },
      run: drive => curl(['-r', '-65536', large(drive)])
    },
    {
      what: `${puts} PUTs of 1 KiB, 8 connections`,
      bar: { of: 'cpu', atMost: 2 },
      run: putMany('puts/', puts)
    },
    ...listings(members, fillOnce('members/', members), small),
    {
      what: `COPY of ${tree} files`,
      rounds: 3,
      bar: { of: 'wall', atMost: 1 },
      prepare: withTree,
      run: transfer('COPY', 'tree/', 'copy/')
    },
    {
      what: `MOVE of ${tree} files`,
      rounds: 3,
      bar: { of: 'wall', atMost: 1 },
      prepare: drive => {
        withTree(drive)
        transfer('COPY', 'tree/', 'copy/')(drive)
      },
      run: transfer('MOVE', 'copy/', 'moved/')
    }
  ]
}

const seven = `<D:propfind xmlns:D="DAV:"><D:prop>${['resourcetype', 'getcontentlength', 'getlastmodified', 'creationdate', 'getetag', 'displayname', 'getcontenttype'].map(name => `<D:${name}/>`).join('')}</D:prop></D:propfind>`

/** Of a folder that is as it was the last time, and of one that is not. */
function listings(members: number, fill: (drive: Drive) => void, small: string): Task[] {
  const task = { rounds: 25, bar: { of: 'cpu', atMost: 0.8 }, run: listMembers } as const
  const change = (drive: Drive) => curl(['-T', small, `${drive.url}members/f0`])
  return [
    { ...task, what: `PROPFIND of ${members} members, 7 properties`, prepare: fill },
    { ...task, what: 'the same, after one of them was written', prepare: change }
  ]
}

function listMembers({ url }: Drive): void {
  curl(['-X', 'PROPFIND', '-H', 'Depth: 1', '-d', seven, `${url}members/`])
}

function uploads(file: string, folder: string, count: number): string {
  return Array.from(
    { length: count },
    (_, index) => `upload-file = "${file}"\nurl = "${folder}f${index}"\noutput = "/dev/null"\n`
  ).join('')
}

function discard(url: string): void {
  spawnSync('curl', ['-s', '-o', '/dev/null', '-X', 'DELETE', url])
}

/** Throws unless every answer says that it was done. */
function curl(args: readonly string[]): void {
  const status = ['--write-out', '%{http_code}\\n']
  const done = spawnSync('curl', ['-s', '-o', '/dev/null', ...status, ...args], {
    encoding: 'utf8',
    timeout: 600_000
  })
  const refused = done.stdout.split('\n').find(code => !/^(2\d\d)?$/.test(code))
  if (done.status !== 0 || refused !== undefined) {
    throw new Error(`curl ${args.join(' ').slice(0, 200)}: ${refused ?? done.stderr.slice(-300)}`)
  }
}
