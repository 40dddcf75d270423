import { join } from 'node:path'
import { type Bench, compared, type Room, type Row } from './lib/bench.ts'
import { addPath, startCairn } from './lib/cairn.ts'
import { costOfCommand } from './lib/cost.ts'
import { dropCaches, makeFile } from './lib/files.ts'
import { interleave } from './lib/interleave.ts'
import { bindFolder } from './lib/peers.ts'

export const bench: Bench = {
  title: 'read a large file with a cold page cache, against bindfs on tmpfs',
  run: room => readCold(room, 1.1)
}

/** Both read from memory: the home and bindfs's source lie on tmpfs, which dropping caches leaves alone. */
export async function readCold(room: Room, atMost: number): Promise<Row[]> {
  const mebibytes = room.small ? 64 : 1024
  const source = room.memory('source')
  makeFile(join(source, 'large'), mebibytes)
  const cairn = await startCairn(room, room.memory('home'))
  const file = join(cairn.mount, 'ipfs', addPath(cairn, join(source, 'large')))
  const bound = await bindFolder(room, source)

  const readThrough = (path: string, server: number) => () => {
    dropCaches()
    return costOfCommand([server], ['dd', `if=${path}`, 'bs=1M', 'status=none'])
  }
  const costs = await interleave(
    room.rounds,
    readThrough(file, cairn.pid),
    bound && readThrough(join(bound.mountPoint, 'large'), bound.pid)
  )
  return [
    compared({
      what: `read ${mebibytes} MiB through /ipfs, cold`,
      cairn: costs.cairn,
      peer: costs.peer,
      peerName: 'bindfs',
      bar: { of: 'cpu', atMost }
    })
  ]
}
