import { closeSync, mkdirSync, openSync, renameSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { compared, type Room, type Row } from '../lib/bench.ts'
import { startCairn } from '../lib/cairn.ts'
import { type Cost, costOf, costOfCommand } from '../lib/cost.ts'
import { interleave } from '../lib/interleave.ts'
import { bindFolder } from '../lib/peers.ts'

/** One large file, written and closed; both on the machine's disk. */
export async function writeLarge(room: Room): Promise<Row[]> {
  const mebibytes = room.small ? 32 : 512
  const cairn = await startCairn(room, room.disk('home'))
  const bound = await bindFolder(room, room.disk('source'))
  const write = (folder: string, server: number) => () => {
    const file = join(folder, 'large')
    const cost = costOfCommand(
      [server],
      ['dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', `count=${mebibytes}`, 'status=none']
    )
    rmSync(file)
    return cost
  }
  const costs = await interleave(
    room.rounds,
    write(join(cairn.mount, 'mfs'), cairn.pid),
    bound && write(bound.mountPoint, bound.pid)
  )
  const what = `write ${mebibytes} MiB in /mfs`
  return [compared({ what, ...costs, peerName: 'bindfs', bar: { of: 'cpu', atMost: 0.5 } })]
}

interface NameWork {
  readonly what: string
  /** What must be there before; not measured. */
  readonly prepare?: (path: string) => void
  readonly work: (path: string) => void
}

const nameWorks: readonly NameWork[] = [
  { what: 'create + write 4 KiB + close', work: createFile },
  { what: 'unlink', prepare: createFile, work: unlinkSync },
  { what: 'rename', prepare: createFile, work: path => renameSync(path, `${path}.new`) }
]

/** What names cost: files of 4 KiB made, renamed and removed; both on the machine's disk. */
export async function changeNames(room: Room): Promise<Row[]> {
  const files = room.small ? 200 : 2000
  const cairn = await startCairn(room, room.disk('home'))
  const bound = await bindFolder(room, room.disk('source'))
  const rows: Row[] = []
  for (const work of nameWorks) {
    const costs = await interleave(
      room.rounds,
      () => costOfNames(work, join(cairn.mount, 'mfs'), files, cairn.pid),
      bound && (() => costOfNames(work, bound.mountPoint, files, bound.pid))
    )
    const what = `${work.what} ${files} files in /mfs`
    rows.push(compared({ what, ...costs, peerName: 'bindfs', bar: { of: 'wall', atMost: 1 } }))
  }
  return rows
}

async function costOfNames(
  { prepare, work }: NameWork,
  parent: string,
  files: number,
  server: number
): Promise<Cost> {
  const folder = join(parent, 'names')
  mkdirSync(folder)
  const paths = Array.from({ length: files }, (_, number) => join(folder, `file-${number}`))
  for (const path of paths) prepare?.(path)
  const cost = await costOf([server], () => {
    for (const path of paths) work(path)
  })
  rmSync(folder, { recursive: true })
  return cost
}

const piece = Buffer.alloc(4096, 7)

function createFile(path: string): void {
  const file = openSync(path, 'wx')
  writeSync(file, piece)
  closeSync(file)
}
