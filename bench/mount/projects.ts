import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compared, type Room, type Row } from '../lib/bench.ts'
import { startCairn } from '../lib/cairn.ts'
import { type Cost, costOfCommand } from '../lib/cost.ts'
import { makeFiles } from '../lib/files.ts'
import { interleave } from '../lib/interleave.ts'
import { bindFolder } from '../lib/peers.ts'

const top = resolve(import.meta.dirname, '../..')

/** What a developer does all day, on /mfs and through bindfs on the same disk. */
export async function workOnProjects(room: Room): Promise<Row[]> {
  const cairn = await startCairn(room, room.disk('home'))
  const bound = await bindFolder(room, room.disk('source'))
  const repository = makeRepository(room)
  const install = prepareInstall(room)
  const rows: Row[] = []
  for (const [what, work] of [
    ['git clone of a local repository', cloneFrom(repository)],
    ['npm ci of this project, from a warm cache', install]
  ] as const) {
    const costs = await interleave(
      Math.min(room.rounds, 3),
      () => work(join(cairn.mount, 'mfs'), cairn.pid),
      bound && (() => work(bound.mountPoint, bound.pid))
    )
    rows.push(compared({ what, ...costs, peerName: 'bindfs', bar: { of: 'wall', atMost: 1.3 } }))
  }
  return rows
}

function makeRepository(room: Room): string {
  const folder = room.disk('repository')
  const files = room.small ? 300 : 5000
  run(['git', 'init', '-q', folder])
  for (let commit = 0; commit < 4; commit++) {
    makeFiles(join(folder, `part-${commit}`), files / 4, 3000)
    run(['git', '-C', folder, 'add', '.'])
    const who = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost']
    run(['git', '-C', folder, ...who, 'commit', '-q', '-m', `part ${commit}`])
  }
  return folder
}

const cloneFrom = (repository: string) => (parent: string, server: number) =>
  inFolder(parent, 'clone', folder =>
    costOfCommand([server], ['git', 'clone', '-q', '--no-local', repository, join(folder, 'it')])
  )

/** The packages come through npm's own cache, filled once: the network is not what is measured. */
function prepareInstall(room: Room) {
  const cache = room.disk('npm-cache')
  const install = (folder: string, server: number, ...more: string[]): Cost => {
    for (const file of ['package.json', 'package-lock.json']) {
      copyFileSync(join(top, file), join(folder, file))
    }
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', `--cache=${cache}`]
    return costOfCommand([server], ['npm', 'ci', '--prefix', folder, ...options, ...more])
  }
  install(room.disk('warm'), process.pid)
  return (parent: string, server: number) =>
    inFolder(parent, 'project', folder => install(folder, server, '--offline'))
}

function inFolder(parent: string, name: string, work: (folder: string) => Cost): Cost {
  const folder = join(parent, name)
  mkdirSync(folder)
  const cost = work(folder)
  rmSync(folder, { recursive: true })
  return cost
}

function run([program = '', ...args]: readonly string[]): void {
  const done = spawnSync(program, args, { encoding: 'utf8', timeout: 300_000 })
  if (done.status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${done.stderr}`)
}
