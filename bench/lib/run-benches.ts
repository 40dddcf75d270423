import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { unmountBelow } from '../../scripts/lib/leftovers.ts'
import { bench as apt } from '../apt.ts'
import { bench as create } from '../create.ts'
import { bench as find } from '../find.ts'
import { bench as idle } from '../idle.ts'
import { bench as importing } from '../import.ts'
import { bench as mount } from '../mount.ts'
import { bench as peers } from '../peers.ts'
import { bench as read } from '../read.ts'
import { bench as registries } from '../registries.ts'
import { bench as start } from '../start.ts'
import { bench as status } from '../status.ts'
import { bench as webdav } from '../webdav.ts'
import type { Bench, Room, Row } from './bench.ts'

const benches: Readonly<Record<string, Bench>> = {
  import: importing,
  read,
  find,
  create,
  apt,
  mount,
  peers,
  registries,
  webdav,
  start,
  status,
  idle
}

await main(process.argv.slice(2))

async function main(args: string[]): Promise<void> {
  const small = args.includes('--small')
  const names = args.filter(arg => arg !== '--small')
  const unknown = names.find(name => benches[name] === undefined)
  if (unknown !== undefined) {
    console.error(`no bench is called ${unknown}; there are: ${Object.keys(benches).join(', ')}`)
    process.exit(2)
  }
  console.log(
    `${cpus().length} cores, ${cpus()[0]?.model.trim()}, Node ${process.version}${small ? ', SMALL: numbers say nothing' : ''}\n`
  )
  const rows: Row[] = []
  let failed = 0
  for (const name of names.length === 0 ? Object.keys(benches) : names) {
    try {
      rows.push(...(await runOne(name, small)))
    } catch (cause) {
      failed++
      console.error(`${name} FAILED: ${cause instanceof Error ? cause.message : String(cause)}`)
    }
  }
  console.log(`\n${table(rows)}`)
  process.exit(failed === 0 ? 0 : 1)
}

async function runOne(name: string, small: boolean): Promise<Row[]> {
  const bench = benches[name]
  if (bench === undefined) return []
  console.error(`${name}: ${bench.title}`)
  const { room, close } = openRoom(name, small)
  const leave = (): void => void close().then(() => process.exit(130))
  process.once('SIGINT', leave).once('SIGTERM', leave)
  try {
    return await bench.run(room)
  } finally {
    await close()
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
}

function openRoom(name: string, small: boolean): { room: Room; close: () => Promise<void> } {
  const disk = mkdtempSync(join(tmpdir(), 'cairn-bench-'))
  const memory = join(disk, 'memory')
  mkdirSync(memory)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'cairn-bench', memory], { encoding: 'utf8' })
  const root = mounted.status === 0 ? memory : mkdtempSync('/dev/shm/cairn-bench-')
  const undone: Array<() => void | Promise<void>> = []
  const folderIn = (parent: string) => (label: string) => mkdtempSync(join(parent, `${label}-`))
  const room: Room = {
    small,
    rounds: small ? 1 : 5,
    disk: folderIn(disk),
    memory: folderIn(root),
    afterwards: undo => void undone.push(undo),
    say: text => console.error(`  ${name}: ${text}`)
  }
  const close = async (): Promise<void> => {
    for (let undo = undone.pop(); undo !== undefined; undo = undone.pop()) await undo()
    unmountBelow(disk)
    rmSync(disk, { recursive: true, force: true, maxRetries: 5 })
    rmSync(root, { recursive: true, force: true })
  }
  return { room, close }
}

function table(rows: readonly Row[]): string {
  const lines = rows.map(row =>
    [row.what, row.cairn, row.peer, row.ratio, row.bar, verdict(row)].join(' | ')
  )
  const head = ['', 'Cairn', 'peer', 'ratio', 'bar', ''].join(' | ')
  return [head, '--- | --- | --- | --- | --- | ---', ...lines].map(line => `| ${line} |`).join('\n')
}

function verdict({ bar, met }: Row): string {
  if (bar === '') return ''
  if (met === undefined) return 'NOT COMPARED'
  return met ? 'met' : 'MISSED'
}
