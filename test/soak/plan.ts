import type { Die } from './random.ts'
import { copyOf, fileAt, isBelow, type Step, take, type World } from './world.ts'

const most = { files: 24, folders: 6, bytes: 60_000 }
/** On either side of where a draft becomes a file of its own, and of a page. */
const lengths = [0, 1, 100, 4095, 4097, 9000, 16_384, 16_385, 30_000, 50_000]

/**
 * `count` steps that begin in a world and each succeed: editors' saves (write aside, sync, rename
 * over), writes within, appends, truncations, links, whole folders moved.
 */
export function planSteps(world: World, die: Die, count: number): Step[] {
  const tag = die.throw(36 ** 4).toString(36)
  const steps: Step[] = []
  const now = copyOf(world)
  const add = (...more: Step[]) => {
    for (const step of more) take(now, step)
    steps.push(...more)
  }
  while (steps.length < count) add(...habit(now, die, steps.length, `${tag}-${steps.length}`))
  return steps
}

function habit(world: World, die: Die, number: number, name: string): Step[] {
  const paths = [...world.keys()].toSorted()
  const files = paths.filter(path => world.get(path) !== 'folder')
  const folders = paths.filter(path => world.get(path) === 'folder')
  if (folders.length === 0) return [{ kind: 'mkdir', path: name }]
  if (files.length > most.files) return [{ kind: 'unlink', path: die.pick(files) }]
  const fresh = `${die.pick(['', ...folders.map(folder => `${folder}/`)])}${name}`
  if (files.length < 3 || die.throw(6) === 0) return made(fresh, die, number)
  const path = die.pick(files)
  switch (die.throw(12)) {
    case 0:
      return save(path, fresh, die, number)
    case 1:
      return [{ kind: 'rename', path, to: die.throw(2) === 0 ? fresh : die.pick(files) }]
    case 2:
      return [{ kind: 'link', path, to: fresh }]
    case 3:
      return [{ kind: 'unlink', path }]
    case 4:
      return [{ kind: 'truncate', path, size: Math.min(die.pick(lengths), most.bytes) }]
    case 5:
      return [{ kind: 'sync', path }]
    case 6:
      return folders.length < most.folders
        ? [{ kind: 'mkdir', path: fresh }]
        : removed(world, folders)
    case 7:
      return moved(folders, fresh, die)
    case 8:
      return exchanged(paths, die)
    case 9:
      return copied(world, path, die.pick(files))
    default:
      return writing(world, path, die, number)
  }
}

function made(path: string, die: Die, mark: number): Step[] {
  const write = { kind: 'write', path, position: 0, length: die.pick(lengths), mark } as const
  const steps: Step[] = [{ kind: 'create', path }, write]
  return die.throw(3) === 0 ? [...steps, { kind: 'sync', path }] : steps
}

/** As editors do: whoever looks sees the old file or the new one. */
function save(path: string, aside: string, die: Die, mark: number): Step[] {
  const length = 1 + die.pick(lengths)
  return [
    { kind: 'create', path: aside },
    { kind: 'write', path: aside, position: 0, length, mark },
    { kind: 'sync', path: aside },
    { kind: 'rename', path: aside, to: path }
  ]
}

function writing(world: World, path: string, die: Die, mark: number): Step[] {
  const size = fileAt(world, path).bytes.length
  const position = die.throw(3) === 0 ? size : die.throw(size + 2000)
  const length = Math.min(1 + die.pick(lengths), most.bytes - position)
  if (length <= 0) return [{ kind: 'truncate', path, size: 0 }]
  const write: Step = { kind: 'write', path, position, length, mark }
  return die.throw(3) === 0 ? [write, { kind: 'sync', path }] : [write]
}

function removed(world: World, folders: readonly string[]): Step[] {
  const empty = folders.find(folder => ![...world.keys()].some(path => isBelow(path, folder)))
  return empty === undefined ? [] : [{ kind: 'rmdir', path: empty }]
}

function moved(folders: readonly string[], to: string, die: Die): Step[] {
  const path = die.pick(folders)
  return isBelow(to, path) ? [] : [{ kind: 'rename', path, to }]
}

function copied(world: World, path: string, to: string): Step[] {
  return world.get(path) === world.get(to) ? [] : [{ kind: 'copy', path, to }]
}

function exchanged(paths: readonly string[], die: Die): Step[] {
  const [path, to] = [die.pick(paths), die.pick(paths)]
  if (path === to || isBelow(path, to) || isBelow(to, path)) return []
  return [{ kind: 'exchange', path, to }]
}
