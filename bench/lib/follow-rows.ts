import { randomFillSync } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { bounded, type Room, type Row } from './bench.ts'
import { addPath } from './cairn.ts'
import { openDelayingProxy } from './delaying-proxy.ts'
import { median } from './interleave.ts'
import { type PeerCairn, startPeerCairn } from './peer-cairns.ts'

/** Half of 200 ms there and back. */
const oneWayMs = 100
const roundTrips = 10

/** A folder that is followed: what an update moves and takes, near and far; names. */
export async function followRows(room: Room): Promise<Row[]> {
  const a = await startPeerCairn(room)
  const folder = makeFolder(room, room.small ? 1000 : 10_000)
  const name = publish(a, folder.path)
  const near = await followThrough(room, a, name, 0)
  const far = await followThrough(room, a, name, oneWayMs)
  const changedBytes = folder.change()
  publish(a, folder.path)
  const nearby = await update(near, name)
  const away = await update(far, name)
  const files = `${folder.count} files, 1 % changed`
  return [
    bounded(`${files}: bytes moved to those changed`, nearby.bytes / changedBytes, 'times', 1.3),
    bounded(
      `${files}, 200 ms away: beyond the time it takes near by`,
      (away.seconds - nearby.seconds) / (2 * oneWayMs * 1e-3),
      'round trips',
      roundTrips
    ),
    bounded('a followed name, resolved warm', await resolveMs(near.cairn, name), 'ms', 5),
    await heardRow(a, near.cairn, folder, name)
  ]
}

interface Folder {
  readonly path: string
  readonly count: number
  /** Changes every hundredth file and returns how many bytes these have. */
  change: () => number
}

/** Files of 1 to 64 KiB, a hundred to a folder. */
function makeFolder(room: Room, count: number): Folder {
  const path = join(room.disk('folder'), 'files')
  const pathOf = (number: number) =>
    join(path, `d${Math.floor(number / 100)}`, `file-${number}.bin`)
  const bytesOf = (number: number) => 1024 + ((number * 7919) % 64_512)
  const write = (number: number): number => {
    if (number % 100 === 0) mkdirSync(join(path, `d${number / 100}`), { recursive: true })
    writeFileSync(pathOf(number), randomFillSync(Buffer.alloc(bytesOf(number))))
    return bytesOf(number)
  }
  for (let number = 0; number < count; number++) write(number)
  const change = () => {
    let bytes = 0
    for (let number = 0; number < count; number += 100) bytes += write(number)
    return bytes
  }
  return { path, count, change }
}

function publish(a: PeerCairn, path: string): string {
  const { name } = a.run('publish', addPath(a, path)) as { name: string }
  return name
}

interface Follower {
  readonly cairn: PeerCairn
  readonly movedBytes: () => number
}

/** A daemon that has all of a name, by a way that takes its time. */
async function followThrough(
  room: Room,
  a: PeerCairn,
  name: string,
  ms: number
): Promise<Follower> {
  const cairn = await startPeerCairn(room)
  const proxy = await openDelayingProxy(room, a.peerPort, ms)
  // The proxy runs here: what is waited for must not block it.
  cairn.run('follow', name, '--pin')
  cairn.addPeer(`127.0.0.1:${proxy.port}`)
  const follower = { cairn, movedBytes: proxy.bytes }
  await update(follower, name)
  return follower
}

async function update(
  { cairn, movedBytes }: Follower,
  name: string
): Promise<{ bytes: number; seconds: number }> {
  const before = movedBytes()
  const began = performance.now()
  const { moved, problem } = await cairn.refresh(name)
  const seconds = (performance.now() - began) / 1000
  if (!moved || problem !== undefined) throw new Error(`not brought up to date: ${problem}`)
  return { bytes: movedBytes() - before, seconds }
}

async function resolveMs({ port }: PeerCairn, name: string): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 200; round++) {
    const began = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/ipns/${name}?format=raw`, {
      method: 'HEAD'
    })
    times.push(performance.now() - began)
    if (!answer.ok) throw new Error(`a followed name was answered ${answer.status}`)
  }
  return median(times)
}

/** From the publisher's order to the follower's showing it. */
async function heardRow(a: PeerCairn, b: PeerCairn, folder: Folder, name: string): Promise<Row> {
  a.addPeer(b.address)
  folder.change()
  const cid = addPath(a, folder.path)
  const began = performance.now()
  await a.publish(cid)
  const shown = async () => {
    const answer = await fetch(`http://127.0.0.1:${b.port}/ipns/${name}?format=raw`)
    await answer.arrayBuffer()
    return answer.headers.get('x-ipfs-roots')
  }
  while ((await shown()) !== cid) {
    if (performance.now() - began > 60_000) throw new Error('the follower never heard of it')
    await delay(5)
  }
  return bounded('an update seen by a follower', performance.now() - began, 'ms', 1000)
}
