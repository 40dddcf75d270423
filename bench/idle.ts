import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, bounded, noted } from './lib/bench.ts'
import { startCairn } from './lib/cairn.ts'
import { residentMegabytes } from './lib/cost.ts'

const settleMs = 5000

export const bench: Bench = {
  title: 'memory of a daemon that was started and mounted and is left alone',
  run: async room => {
    const cairn = await startCairn(room, room.disk('home'))
    const wait = () => delay(room.small ? 500 : settleMs)
    await wait()
    const unused = residentMegabytes(cairn.pid)
    for (const view of ['ipfs', 'mfs', 'pkg']) readdirSync(join(cairn.mount, view))
    await wait()
    const used = residentMegabytes(cairn.pid)
    return [
      bounded('daemon idle, network off, resident', unused, 'MB', 120),
      noted('the same after a look into each mount', `${used.toFixed(0)} MB`)
    ]
  }
}
