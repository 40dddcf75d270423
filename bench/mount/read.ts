import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findClient } from '../../test/lib/clients.ts'
import { compared, noted, type Room, type Row } from '../lib/bench.ts'
import { addPath, startCairn } from '../lib/cairn.ts'
import { costOfCommand } from '../lib/cost.ts'
import { dropCaches, makeFile, makeFiles } from '../lib/files.ts'
import { interleave } from '../lib/interleave.ts'
import { bindFolder, libfuseFolder, rcloneFolder } from '../lib/peers.ts'

/** Reads that the page cache answers, against the file on tmpfs itself. */
export async function readWarm(room: Room): Promise<Row[]> {
  const mebibytes = room.small ? 64 : 512
  const source = room.memory('source')
  makeFile(join(source, 'large'), mebibytes)
  const cairn = await startCairn(room, room.memory('home'))
  const file = join(cairn.mount, 'ipfs', addPath(cairn, join(source, 'large')))
  const read = (path: string) => () =>
    costOfCommand([], ['dd', `if=${path}`, 'of=/dev/null', 'bs=1M', 'status=none'])
  read(file)()
  const { cairn: ours, peer } = await interleave(
    room.rounds,
    read(file),
    read(join(source, 'large'))
  )
  const bar = { of: 'wall', atMost: 1.2 } as const
  const what = `read ${mebibytes} MiB through /ipfs, warm`
  return [compared({ what, cairn: ours, peer, peerName: 'tmpfs', bar })]
}

/** Random 4 KiB reads by four jobs of fio, each of a quarter of the file, with cold caches. */
export async function readRandomly(room: Room): Promise<Row[]> {
  const fio = findClient('fio')
  if (fio === undefined) return [noted('random 4 KiB reads', 'fio IS NOT INSTALLED')]
  const mebibytes = room.small ? 64 : 512
  const source = room.memory('source')
  makeFile(join(source, 'large'), mebibytes)
  const cairn = await startCairn(room, room.memory('home'))
  const file = join(cairn.mount, 'ipfs', addPath(cairn, join(source, 'large')))
  const bound = await bindFolder(room, source)
  const job = randomReads(mebibytes / 16)
  const read = (path: string, server: number) => () => {
    dropCaches()
    return costOfCommand([server], [fio, `--filename=${path}`, `--size=${mebibytes}m`, ...job])
  }
  const costs = await interleave(
    room.rounds,
    read(file, cairn.pid),
    bound && read(join(bound.mountPoint, 'large'), bound.pid)
  )
  const libfuse = await libfuseFolder(room, source)
  const low = await interleave(
    room.rounds,
    read(file, cairn.pid),
    libfuse && read(join(libfuse.mountPoint, 'large'), libfuse.pid)
  )
  const what = `${mebibytes * 64} random 4 KiB reads through /ipfs, 4 jobs, cold`
  return [
    compared({ what, ...costs, peerName: 'bindfs', bar: { of: 'wall', atMost: 1 } }),
    compared({ what, ...low, peerName: 'libfuse passthrough_ll', bar: { of: 'wall' } })
  ]
}

/** What fio is to do: four jobs, each reads so much. */
function randomReads(mebibytes: number): string[] {
  return [
    '--name=random',
    '--rw=randread',
    '--bs=4k',
    '--readonly',
    '--numjobs=4',
    `--io_size=${mebibytes}m`,
    '--ioengine=psync',
    '--randrepeat=1',
    '--output=/dev/null'
  ]
}

/** Random 4 KiB reads and writes of a large file that is in /mfs, which the kernel makes in place. */
export async function workInPlace(room: Room): Promise<Row[]> {
  const fio = findClient('fio')
  if (fio === undefined) return [noted('random 4 KiB reads and writes', 'fio IS NOT INSTALLED')]
  const mebibytes = room.small ? 16 : 128
  const home = room.memory('home')
  writeFileSync(join(home, 'config.yaml'), 'mfs:\n  passthrough: on\n')
  const cairn = await startCairn(room, home)
  const plain = join(room.memory('source'), 'large')
  const file = join(cairn.mount, 'mfs', 'large')
  for (const path of [plain, file]) makeFile(path, mebibytes)
  const job = ['--name=random', '--rw=randrw', '--bs=4k', '--numjobs=4', '--ioengine=psync']
  const size = [`--size=${mebibytes}m`, `--io_size=${mebibytes / 4}m`, '--output=/dev/null']
  const work = (path: string) => () =>
    costOfCommand([cairn.pid], [fio, `--filename=${path}`, ...job, ...size])
  const { cairn: ours, peer } = await interleave(room.rounds, work(file), work(plain))
  const what = `${mebibytes * 256} random 4 KiB reads and writes in /mfs, passthrough`
  return [
    compared({ what, cairn: ours, peer, peerName: 'tmpfs', bar: { of: 'wall', atMost: 1.2 } })
  ]
}

/** Reads of a large file of /ipfs that is one file in the store, which the kernel makes in place. */
export async function readInPlace(room: Room): Promise<Row[]> {
  const mebibytes = room.small ? 64 : 512
  const home = room.memory('home')
  writeFileSync(join(home, 'config.yaml'), 'ipfs:\n  passthrough: on\n')
  const cairn = await startCairn(room, home)
  const plain = join(room.memory('source'), 'large')
  for (const path of [plain, join(cairn.mount, 'mfs', 'large')]) makeFile(path, mebibytes)
  const { cid } = cairn.run('snapshot') as { cid: string }
  const file = join(cairn.mount, 'ipfs', cid, 'large')
  const whole = (path: string) => () =>
    costOfCommand([cairn.pid], ['dd', `if=${path}`, 'of=/dev/null', 'bs=1M', 'status=none'])
  const atOnce = await interleave(room.rounds, whole(file), whole(plain))
  const bar = { of: 'wall', atMost: 1.2 } as const
  const what = `read ${mebibytes} MiB through /ipfs, passthrough`
  const rows = [compared({ what, ...atOnce, peerName: 'tmpfs', bar })]
  const fio = findClient('fio')
  if (fio === undefined) return [...rows, noted('random 4 KiB reads', 'fio IS NOT INSTALLED')]
  const bound = await bindFolder(room, dirname(plain))
  const apart = (path: string, server: number) => () => {
    dropCaches()
    const [name, size] = [`--filename=${path}`, `--size=${mebibytes}m`]
    return costOfCommand([server], [fio, name, size, ...randomReads(mebibytes / 16)])
  }
  const ours = apart(file, cairn.pid)
  const bare = await interleave(room.rounds, ours, apart(plain, cairn.pid))
  const there = bound && apart(join(bound.mountPoint, 'large'), bound.pid)
  const costs = await interleave(room.rounds, ours, there)
  const random = `${mebibytes * 64} random 4 KiB reads through /ipfs, 4 jobs, passthrough`
  return [
    ...rows,
    compared({ what: random, ...bare, peerName: 'tmpfs', bar }),
    compared({ what: random, ...costs, peerName: 'bindfs', bar: { of: 'wall', atMost: 1 } })
  ]
}

/** tar of many small files with cold caches; rclone for comparison. */
export async function tarCold(room: Room): Promise<Row[]> {
  const files = room.small ? 1000 : 14_000
  const source = room.memory('source')
  makeFiles(source, files, 512)
  const cairn = await startCairn(room, room.memory('home'))
  const folder = join(cairn.mount, 'ipfs', addPath(cairn, source))
  const bound = await bindFolder(room, source)
  const rclone = await rcloneFolder(room, source)
  const pack = (path: string, server: number) => () => {
    dropCaches()
    return costOfCommand([server], ['tar', '-cf', '-', '-C', path, '.'])
  }
  const ours = pack(folder, cairn.pid)
  const costs = await interleave(room.rounds, ours, bound && pack(bound.mountPoint, bound.pid))
  const others = await interleave(1, ours, rclone && pack(rclone.mountPoint, rclone.pid))
  const libfuse = await libfuseFolder(room, source)
  const low = await interleave(1, ours, libfuse && pack(libfuse.mountPoint, libfuse.pid))
  const what = `tar of ${files} files under /ipfs, cold`
  return [
    compared({ what, ...costs, peerName: 'bindfs', bar: { of: 'cpu', atMost: 0.6 } }),
    compared({ what, ...low, peerName: 'libfuse passthrough_ll', bar: { of: 'cpu' } }),
    compared({ what, ...others, peerName: 'rclone mount', bar: { of: 'cpu' } })
  ]
}
