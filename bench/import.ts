import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Bench, compared, type Room, type Row } from './lib/bench.ts'
import type { Cost } from './lib/cost.ts'
import { makeFile, makeFiles } from './lib/files.ts'
import { interleave } from './lib/interleave.ts'

interface Imported extends Cost {
  readonly cid: string
}

/** Each import runs in a process of its own and measures itself from its first byte to its last, without loading modules. */
export const bench: Bench = {
  title: 'import from tmpfs to the disk, against stock @helia/unixfs into blockstore-fs',
  run: async room => {
    const mebibytes = room.small ? 16 : 256
    const files = room.small ? 1000 : 20_000
    const source = room.memory('source')
    makeFile(join(source, 'large'), mebibytes)
    const tree = room.memory('tree')
    makeFiles(tree, files, 4096)
    return [
      await compare(room, `import ${mebibytes} MiB`, join(source, 'large'), 1 / 2),
      await compare(room, `import ${files} files of 4 KiB`, tree, 1 / 3)
    ]
  }
}

async function compare(room: Room, what: string, source: string, atMost: number): Promise<Row> {
  const cids = new Set<string>()
  const importWith = (script: URL) => () => {
    const target = room.disk('target')
    const imported = runImport(script, source, target)
    cids.add(imported.cid)
    leaveNothingBehind(target)
    return imported
  }
  const costs = await interleave(
    Math.min(room.rounds, 3),
    importWith(new URL('./lib/import-cairn.ts', import.meta.url)),
    importWith(new URL('./lib/import-stock.ts', import.meta.url))
  )
  if (cids.size !== 1) throw new Error(`${what}: the CIDs differ: ${[...cids].join(' ')}`)
  return compared({
    what,
    cairn: costs.cairn,
    peer: costs.peer,
    peerName: '@helia/unixfs',
    bar: { of: 'wall', atMost: Number(atMost.toFixed(2)) }
  })
}

/** What one import wrote must not be written out while the next is measured. */
function leaveNothingBehind(target: string): void {
  rmSync(target, { recursive: true })
  spawnSync('sync')
}

function runImport(script: URL, source: string, target: string): Imported {
  const file = fileURLToPath(script)
  const done = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', file, source, target],
    {
      encoding: 'utf8',
      timeout: 600_000
    }
  )
  if (done.status !== 0) throw new Error(`${file} failed: ${done.stderr.slice(-1000)}`)
  return JSON.parse(done.stdout) as Imported
}
