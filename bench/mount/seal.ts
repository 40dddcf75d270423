import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { bounded, type Room, type Row } from '../lib/bench.ts'
import { addPath, type Cairn, cairnCommand, startCairn } from '../lib/cairn.ts'
import { costOfCommand } from '../lib/cost.ts'
import { dropCaches, makeFile } from '../lib/files.ts'
import { median } from '../lib/interleave.ts'

/** Sealing what was written: its time against hashing alone, and what somebody who reads feels of it. */
export async function sealInBackground(room: Room): Promise<Row[]> {
  const mebibytes = room.small ? 64 : 1024
  const cairn = await startCairn(room, room.disk('home'))
  const readOther = prepareReading(room, cairn)
  const times: Record<'hash' | 'seal' | 'quiet' | 'busy', number[]> = {
    hash: [],
    seal: [],
    quiet: [],
    busy: []
  }
  for (let round = 0; round < Math.min(room.rounds, 3); round++) {
    times.hash.push(await timed(() => hashByTwoThreads(mebibytes / 2)))
    const file = join(cairn.mount, 'mfs', `written-${round}`)
    makeFile(file, mebibytes)
    times.seal.push(await timed(() => seal(cairn)))
    times.quiet.push(readOther())
    rmSync(file)
    makeFile(file, mebibytes)
    const sealing = seal(cairn)
    times.busy.push(readOther())
    await sealing
    rmSync(file)
  }
  const share = (of: number[], per: number[]) =>
    median(of.map((value, at) => (100 * value) / (per[at] ?? Number.NaN)))
  return [
    bounded(
      `sealing ${mebibytes} MiB, time in % of sha256 by two threads`,
      share(times.seal, times.hash),
      '%',
      125
    ),
    bounded(
      'a cold read while that goes on, time in % of a quiet one',
      share(times.busy, times.quiet),
      '%',
      120
    )
  ]
}

function prepareReading(room: Room, cairn: Cairn): () => number {
  const source = join(room.memory('source'), 'large')
  makeFile(source, room.small ? 32 : 256)
  const file = join(cairn.mount, 'ipfs', addPath(cairn, source))
  return () => {
    dropCaches()
    return costOfCommand([], ['dd', `if=${file}`, 'of=/dev/null', 'bs=1M', 'status=none'])
      .wallSeconds
  }
}

async function seal(cairn: Cairn): Promise<void> {
  const [program = '', ...args] = cairnCommand(cairn, 'snapshot')
  const [status] = await once(spawn(program, args, { stdio: 'ignore' }), 'exit')
  if (status !== 0) throw new Error(`cairn snapshot ended with ${status}`)
}

async function hashByTwoThreads(mebibytes: number): Promise<void> {
  const entry = new URL('./hash-thread.ts', import.meta.url)
  const threads = [1, 2].map(() => new Worker(entry, { workerData: { mebibytes } }))
  await Promise.all(threads.map(thread => once(thread, 'exit')))
}

async function timed(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
