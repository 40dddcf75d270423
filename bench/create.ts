import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type Bench, compared } from './lib/bench.ts'
import { startCairn } from './lib/cairn.ts'
import { type Cost, costOf } from './lib/cost.ts'
import { interleave } from './lib/interleave.ts'
import { bindFolder } from './lib/peers.ts'

export const bench: Bench = {
  title: 'create, write 4 KiB and close, against bindfs on the same disk',
  run: async room => {
    const files = room.small ? 200 : 2000
    const cairn = await startCairn(room, room.disk('home'))
    const bound = await bindFolder(room, room.disk('source'))

    const costs = await interleave(
      room.rounds,
      () => createFiles(join(cairn.mount, 'mfs'), files, cairn.pid),
      bound && (() => createFiles(bound.mountPoint, files, bound.pid))
    )
    return [
      compared({
        what: `create + write 4 KiB + close ${files} files in /mfs`,
        cairn: costs.cairn,
        peer: costs.peer,
        peerName: 'bindfs',
        bar: { of: 'wall', atMost: 1.5 }
      })
    ]
  }
}

async function createFiles(parent: string, files: number, server: number): Promise<Cost> {
  const folder = join(parent, 'new')
  mkdirSync(folder)
  const piece = Buffer.alloc(4096, 7)
  const cost = await costOf([server], () => {
    for (let number = 0; number < files; number++) {
      const file = openSync(join(folder, `file-${number}`), 'wx')
      writeSync(file, piece)
      closeSync(file)
    }
  })
  rmSync(folder, { recursive: true })
  return cost
}
