import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, bounded } from './lib/bench.ts'
import { startCairn } from './lib/cairn.ts'
import { residentMegabytes } from './lib/cost.ts'

const settleMs = 5000

export const bench: Bench = {
  title: 'memory of a daemon that was started, mounted, looked at once and left alone',
  run: async room => {
    const cairn = await startCairn(room, room.disk('home'))
    for (const view of ['ipfs', 'mfs', 'pkg']) readdirSync(join(cairn.mount, view))
    await delay(room.small ? 500 : settleMs)
    return [bounded('daemon idle, network off, resident', residentMegabytes(cairn.pid), 'MB', 120)]
  }
}
