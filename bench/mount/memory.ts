import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { pack as openPack } from 'tar-stream'
import { bounded, type Room, type Row } from '../lib/bench.ts'
import { type Cairn, cairnCommand, startCairn } from '../lib/cairn.ts'
import { residentMegabytes } from '../lib/cost.ts'

/** A daemon of which the kernel remembers a million files, each with content of its own. */
export async function rememberMany(room: Room): Promise<Row[]> {
  const files = room.small ? 20_000 : 1_000_000
  const cairn = await startCairn(room, room.memory('home'))
  const cid = await addMany(cairn, files)
  const folder = join(cairn.mount, 'ipfs', cid)
  const found = spawnSync('sh', ['-c', 'find "$1" -type f -size +0c | wc -l', 'sh', folder], {
    encoding: 'utf8'
  })
  if (Number(found.stdout) !== files) throw new Error(`find saw ${found.stdout} of ${files} files`)
  const resident = residentMegabytes(cairn.pid)
  return [bounded(`daemon after ${files} files were looked up, resident`, resident, 'MB', 400)]
}

/** From a tar that is made on the way: as files they would take longer than what is measured. */
async function addMany(cairn: Cairn, files: number): Promise<string> {
  const [program = '', ...args] = cairnCommand(cairn, 'add', '--json', '--tar', '-')
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const printed = child.stdout.setEncoding('utf8').toArray()
  const ended = once(child, 'exit')
  const pack = openPack()
  const packed = pipeline(Readable.from(pack), child.stdin)
  for (let number = 0; number < files; number++) {
    const content = `file ${number}\n`
    const entry = { name: `${Math.floor(number / 1000)}/${number}` }
    await new Promise<void>((resolve, reject) => {
      pack.entry(entry, content, error => (error ? reject(error) : resolve()))
    })
  }
  pack.finalize()
  await packed
  await ended
  return (JSON.parse((await printed).join('')) as { cid: string }).cid
}
