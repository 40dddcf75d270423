import { join } from 'node:path'
import { type Bench, compared, type Room, type Row } from './lib/bench.ts'
import { addPath, startCairn } from './lib/cairn.ts'
import { costOfCommand } from './lib/cost.ts'
import { dropCaches, makeFiles } from './lib/files.ts'
import { type Interleaved, interleave } from './lib/interleave.ts'
import { bindFolder } from './lib/peers.ts'

export const bench: Bench = {
  title: 'find and stat a tree with cold caches, against bindfs on tmpfs',
  run: room => findCold(room, 0.5)
}

/** In three states: a tree seen before, one never seen, and the first look of a daemon's life. */
export async function findCold(room: Room, atMost: number): Promise<Row[]> {
  const files = room.small ? 1000 : 14_000
  const source = room.memory('source')
  const home = room.memory('home')
  const bound = await bindFolder(room, source)
  let cairn = await startCairn(room, home)

  const addTree = (name: string) => {
    makeFiles(join(source, name), files, 512)
    return addPath(cairn, join(source, name))
  }
  const find = (path: string, server: number) => {
    dropCaches()
    return costOfCommand([server], ['find', path, '-printf', '%s %m %T@ %p\\n'])
  }
  const findInCairn = (cid: string) => find(join(cairn.mount, 'ipfs', cid), cairn.pid)
  const findInPeer = (tree: string) =>
    bound && (() => find(join(bound.mountPoint, tree), bound.pid))
  const row = (how: string, { cairn, peer }: Interleaved) => {
    const what = `find + stat ${files} files under /ipfs, cold, ${how}`
    return compared({ what, cairn, peer, peerName: 'bindfs', bar: { of: 'cpu', atMost } })
  }

  const first = addTree('first')
  const ofLife = await interleave(
    room.rounds,
    async () => {
      await cairn.stop()
      cairn = await startCairn(room, home)
      return findInCairn(first)
    },
    findInPeer('first')
  )
  let trees = 0
  const unseen = await interleave(
    room.rounds,
    () => findInCairn(addTree(`unseen-${++trees}`)),
    findInPeer('first')
  )
  const seen = await interleave(room.rounds, () => findInCairn(first), findInPeer('first'))
  return [
    row('seen before', seen),
    row('content never seen', unseen),
    row('first look of a daemon', ofLife)
  ]
}
