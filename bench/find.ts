import { join } from 'node:path'
import { type Bench, compared } from './lib/bench.ts'
import { bindFolder } from './lib/bindfs.ts'
import { addPath, startCairn } from './lib/cairn.ts'
import { costOfCommand } from './lib/cost.ts'
import { dropCaches, makeFiles } from './lib/files.ts'
import { interleave } from './lib/interleave.ts'

export const bench: Bench = {
  title: 'find and stat a tree with cold caches, against bindfs on tmpfs',
  run: async room => {
    const files = room.small ? 1000 : 14_000
    const source = room.memory('source')
    makeFiles(source, files, 512)
    const cairn = await startCairn(room, room.memory('home'))
    const folder = join(cairn.mount, 'ipfs', addPath(cairn, source))
    const bound = await bindFolder(room, source)

    const findIn = (path: string, server: number) => () => {
      dropCaches()
      return costOfCommand([server], ['find', path, '-printf', '%s %m %T@ %p\\n'])
    }
    const costs = await interleave(
      room.rounds,
      findIn(folder, cairn.pid),
      bound && findIn(bound.mountPoint, bound.pid)
    )
    return [
      compared({
        what: `find + stat ${files} files under /ipfs, cold`,
        cairn: costs.cairn,
        peer: costs.peer,
        peerName: 'bindfs',
        bar: { of: 'cpu', atMost: 0.5 }
      })
    ]
  }
}
