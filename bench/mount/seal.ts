import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { callDaemon } from '../../src/control/client.ts'
import { bounded, noted, type Room, type Row } from '../lib/bench.ts'
import { addPath, type Cairn, startCairn } from '../lib/cairn.ts'
import { type Cost, costOf, costOfCommand } from '../lib/cost.ts'
import { makeFile } from '../lib/files.ts'
import { median } from '../lib/interleave.ts'

/**
 * Sealing what was written: its time against hashing alone, and what somebody who reads feels of it. A draft is
 * on the disk already when its seal begins, for what is measured is sealing; beside it, one that is not. A seal is
 * asked for as the command line does, without the start of a program.
 */
export async function sealInBackground(room: Room): Promise<Row[]> {
  const mebibytes = room.small ? 64 : 1024
  const cairn = await startCairn(room, room.disk('home'))
  const readOther = prepareReading(room, cairn)
  const taken: Taken = { hash: [], seal: [], fresh: [], quiet: [], busy: [] }
  for (let round = 0; round < Math.min(room.rounds, 5); round++) {
    taken.hash.push(await costOf([], () => hashByTwoThreads(mebibytes / 2)))
    await makeDraft(cairn, mebibytes, { synced: true })
    taken.seal.push(await costOf([cairn.pid], () => seal(cairn)))
    taken.quiet.push(readOther())
    await makeDraft(cairn, mebibytes, { synced: true })
    const sealing = seal(cairn)
    taken.busy.push(readOther())
    await sealing
    await makeDraft(cairn, mebibytes, { synced: false })
    taken.fresh.push(await costOf([], () => seal(cairn)))
  }
  return rowsOf(mebibytes, taken)
}

type Taken = Record<'hash' | 'seal' | 'fresh' | 'quiet' | 'busy', Cost[]>

function rowsOf(mebibytes: number, taken: Taken): Row[] {
  const share = (of: Cost[], per: Cost[], part: keyof Cost) =>
    median(of.map((cost, at) => (100 * cost[part]) / (per[at]?.[part] ?? Number.NaN)))
  const percent = (value: number) => `${value.toFixed(0)} %`
  return [
    bounded(
      `sealing ${mebibytes} MiB, time in % of sha256 by two threads`,
      share(taken.seal, taken.hash, 'wallSeconds'),
      '%',
      125
    ),
    noted('the same, CPU', percent(share(taken.seal, taken.hash, 'cpuSeconds'))),
    noted(
      'the same just written, not on the disk yet: time',
      percent(share(taken.fresh, taken.hash, 'wallSeconds'))
    ),
    bounded(
      'a cold read while that goes on, time in % of a quiet one',
      share(taken.busy, taken.quiet, 'wallSeconds'),
      '%',
      120
    )
  ]
}

function prepareReading(room: Room, cairn: Cairn): () => Cost {
  const source = join(room.memory('source'), 'large')
  makeFile(source, room.small ? 32 : 256)
  const file = join(cairn.mount, 'ipfs', addPath(cairn, source))
  const segments = join(cairn.home, 'segments')
  const stored = readdirSync(segments).filter(name => name.endsWith('.car'))
  return () => {
    for (const path of [file, ...stored.map(name => join(segments, name))]) evict(path)
    return costOfCommand([], ['dd', `if=${file}`, 'of=/dev/null', 'bs=1M', 'status=none'])
  }
}

/** Empties the page cache of this file alone: a draft that is sealed meanwhile is as warm as it would be. */
function evict(path: string): void {
  const args = [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']
  if (spawnSync('dd', args).status !== 0) throw new Error(`cannot evict ${path}`)
}

/** In place of the last one. Returns when the mount has heard that it was closed. */
async function makeDraft(
  cairn: Cairn,
  mebibytes: number,
  { synced }: { synced: boolean }
): Promise<void> {
  const file = join(cairn.mount, 'mfs', 'written')
  rmSync(file, { force: true })
  makeFile(file, mebibytes, { synced })
  await wait(50)
}

async function seal(cairn: Cairn): Promise<void> {
  const signal = AbortSignal.timeout(600_000)
  const answer = await callDaemon(join(cairn.home, 'cairn.sock'), 'POST', 'snapshot', signal)
  if (answer === undefined) throw new Error('no daemon answers')
}

async function hashByTwoThreads(mebibytes: number): Promise<void> {
  const entry = new URL('./hash-thread.ts', import.meta.url)
  const threads = [1, 2].map(() => new Worker(entry, { workerData: { mebibytes } }))
  await Promise.all(threads.map(thread => once(thread, 'exit')))
}
