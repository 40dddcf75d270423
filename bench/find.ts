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
    const home = room.memory('home')
    let cairn = await startCairn(room, home)
    const cid = addPath(cairn, source)
    const bound = await bindFolder(room, source)

    const find = (path: string, server: number) => {
      dropCaches()
      return costOfCommand([server], ['find', path, '-printf', '%s %m %T@ %p\\n'])
    }
    const findInCairn = () => find(join(cairn.mount, 'ipfs', cid), cairn.pid)
    const findInNewDaemon = async () => {
      await cairn.stop()
      cairn = await startCairn(room, home)
      return findInCairn()
    }
    const findInPeer = bound && (() => find(bound.mountPoint, bound.pid))
    const first = await interleave(room.rounds, findInNewDaemon, findInPeer)
    const costs = await interleave(room.rounds, findInCairn, findInPeer)
    return [
      compared({
        what: `find + stat ${files} files under /ipfs, cold, first look of a daemon`,
        cairn: first.cairn,
        peer: first.peer,
        peerName: 'bindfs',
        bar: { of: 'cpu', atMost: 0.5 }
      }),
      compared({
        what: `find + stat ${files} files under /ipfs, cold kernel caches`,
        cairn: costs.cairn,
        peer: costs.peer,
        peerName: 'bindfs',
        bar: { of: 'cpu', atMost: 0.5 }
      })
    ]
  }
}
