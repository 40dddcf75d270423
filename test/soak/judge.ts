import { copyOf, type File, fileAt, type Step, take, type World } from './world.ts'

/** What is known of how far a process got with its steps before it ended. */
export interface Progress {
  /** So many steps returned; one more may have been under way. */
  readonly acknowledged: number
  /**
   * `killed`: nothing that returned may be lost. `cut`: what was not synced may be, names only in
   * order, and all of them together with what came before the last sync not at all.
   */
  readonly how: 'killed' | 'cut'
}

interface State {
  /** How many steps were taken. */
  readonly after: number
  readonly names: World
}

interface Content {
  readonly after: number
  readonly bytes: Buffer
}

/** What the steps made of the world, as far as they may have come. */
interface Replay {
  /** Every state whose names may be found. */
  readonly states: State[]
  /** What a file held, one after the other. */
  readonly contents: ReadonlyMap<File, Content[]>
  /** After how many steps a file was last put on the disk for certain. */
  readonly safe: ReadonlyMap<File, number>
}

/**
 * What is wrong with a tree found after a crash; undefined if it is one that the steps allow. Its names
 * must be those of one moment, whole. A byte of a file is one that stood there when the file was last synced,
 * or was written there since; what was never synced may be missing.
 */
export function judge(
  base: World,
  steps: readonly Step[],
  progress: Progress,
  found: World
): string | undefined {
  const replay = replayed(base, steps, progress)
  const problems: string[] = []
  for (const { names, after } of replay.states.toReversed()) {
    const problem = differentNames(names, found) ?? differentBytes(names, found, replay)
    if (problem === undefined) return undefined
    problems.push(`not the state after ${after} steps: ${problem}`)
  }
  return problems.slice(0, 3).join('\n')
}

function replayed(base: World, steps: readonly Step[], { acknowledged, how }: Progress): Replay {
  const lastSync = steps.slice(0, acknowledged).findLastIndex(({ kind }) => kind === 'sync')
  const first = how === 'killed' ? acknowledged : lastSync + 1
  const world = copyOf(base)
  const contents = new Map<File, Content[]>()
  const safe = new Map<File, number>()
  const states: State[] = []
  const note = (after: number) => {
    for (const node of world.values()) {
      if (node === 'folder') continue
      const known = contents.get(node) ?? []
      if (known.at(-1)?.bytes !== node.bytes) known.push({ after, bytes: node.bytes })
      contents.set(node, known)
      if (after === 0 || (how === 'killed' && after <= acknowledged)) safe.set(node, after)
    }
    if (after >= first) states.push({ after, names: new Map(world) })
  }
  note(0)
  for (const [index, step] of steps.slice(0, acknowledged + 1).entries()) {
    if (step.kind === 'sync' && index < acknowledged) safe.set(fileAt(world, step.path), index + 1)
    take(world, step)
    note(index + 1)
  }
  return { states, contents, safe }
}

/** How two trees differ, if they do: in a name, a type, what is linked, or a byte. */
export function difference(expected: World, found: World): string | undefined {
  const names = differentNames(expected, found)
  if (names !== undefined) return names
  for (const [path, node] of expected) {
    const have = found.get(path)
    if (node === 'folder' || have === undefined || have === 'folder') continue
    const problem = strangeBytes(have.bytes, [node.bytes])
    if (problem !== undefined) return `${path}: ${problem}`
  }
  return undefined
}

function differentNames(expected: World, found: World): string | undefined {
  for (const [path, node] of expected) {
    const have = found.get(path)
    if (have === undefined) return `${path} is missing`
    if ((have === 'folder') !== (node === 'folder')) return `${path} is of another type`
  }
  for (const path of found.keys()) if (!expected.has(path)) return `${path} is too many`
  return differentLinks(expected, found) ?? differentLinks(found, expected)
}

/** Two names of one file must be two names of one file. */
function differentLinks(one: World, other: World): string | undefined {
  const partners = new Map<File, File>()
  for (const [path, node] of one) {
    const across = other.get(path)
    if (node === 'folder' || across === undefined || across === 'folder') continue
    if ((partners.get(node) ?? across) !== across) return `${path} is linked otherwise`
    partners.set(node, across)
  }
  return undefined
}

function differentBytes(expected: World, found: World, replay: Replay): string | undefined {
  for (const [path, node] of expected) {
    const have = found.get(path)
    if (node === 'folder' || have === undefined || have === 'folder') continue
    const safe = replay.safe.get(node) ?? -1
    const known = replay.contents.get(node) ?? []
    const from = known.findLastIndex(({ after }) => after <= safe)
    const possible = known.slice(Math.max(from, 0)).map(({ bytes }) => bytes)
    const problem = strangeBytes(have.bytes, possible)
    if (problem !== undefined) return `${path}, on the disk since step ${safe}: ${problem}`
  }
  return undefined
}

/** Each byte must be that of one content, or zero where not all of them reach. */
function strangeBytes(found: Buffer, possible: readonly Buffer[]): string | undefined {
  if (possible.some(bytes => bytes.equals(found))) return undefined
  const sizes = possible.map(({ length }) => length)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  if (found.length < least || found.length > most) {
    return `${found.length} bytes, where ${least} to ${most} may be`
  }
  for (let at = 0; at < found.length; at++) {
    const byte = found[at]
    if (byte === 0 && at >= least) continue
    if (possible.every(bytes => bytes[at] !== byte)) {
      return `byte ${at} of ${found.length} is ${byte}, where ${possible.map(bytes => bytes[at])} may be`
    }
  }
  return undefined
}
