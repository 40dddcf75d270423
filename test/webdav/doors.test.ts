import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld } from '../cli/run-cairn.ts'
import { seededStream } from '../lib/deterministic.ts'
import { requireFuse } from '../lib/skip.ts'

/** A file's text, or a folder. */
type Entry = string | Map<string, Entry>

/** One way to the tree: each act resolves to whether it was done. */
interface Door {
  readonly name: string
  put: (path: string, text: string) => Promise<boolean>
  read: (path: string) => Promise<string | undefined>
  makeFolder: (path: string) => Promise<boolean>
  remove: (path: string) => Promise<boolean>
  move: (from: string, to: string) => Promise<boolean>
  copy: (from: string, to: string) => Promise<boolean>
  list: (path: string) => Promise<string[]>
}

function mountDoor(folder: string): Door {
  const at = (path: string) => join(folder, path)
  const done = (work: Promise<unknown>) => work.then(() => true).catch(() => false)
  return {
    name: 'mount',
    put: (path, text) => done(writeFile(at(path), text)),
    read: path => readFile(at(path), 'utf8').catch(() => undefined),
    makeFolder: path => done(mkdir(at(path))),
    remove: path => done(rm(at(path), { recursive: true })),
    move: (from, to) => done(rename(at(from), at(to))),
    copy: (from, to) => done(cp(at(from), at(to), { recursive: true, errorOnExist: true })),
    list: async path => (await readdir(at(path))).sort()
  }
}

function driveDoor(drive: URL): Door {
  const ask = (method: string, path: string, headers = {}, body?: string) =>
    fetch(
      new URL(path, drive),
      body === undefined ? { method, headers } : { method, headers, body }
    )
  const done = async (method: string, path: string, headers = {}, body?: string) => {
    const answer = await ask(method, path, headers, body)
    await answer.arrayBuffer()
    return answer.ok
  }
  const destination = (to: string) => ({ destination: new URL(to, drive).pathname })
  return {
    name: 'drive',
    put: (path, text) => done('PUT', path, {}, text),
    read: async path => {
      const answer = await ask('GET', path)
      const text = await answer.text()
      return answer.ok && answer.headers.has('etag') ? text : undefined
    },
    makeFolder: path => done('MKCOL', path),
    remove: path => done('DELETE', path),
    move: (from, to) => done('MOVE', from, destination(to)),
    copy: (from, to) => done('COPY', from, destination(to)),
    list: async path => {
      const text = await (await ask('PROPFIND', path, { depth: '1' })).text()
      const hrefs = [...text.matchAll(/<D:href>([^<]*)</g)].map(match => match[1] ?? '')
      const names = hrefs.slice(1).map(href => href.replace(/\/$/, '').split('/').at(-1) ?? '')
      return names.sort()
    }
  }
}

/** What both doors must show. */
class Model {
  readonly root = new Map<string, Entry>()

  at(path: string): Entry | undefined {
    let entry: Entry | undefined = this.root
    for (const part of path.split('/').filter(Boolean)) {
      entry = entry instanceof Map ? entry.get(part) : undefined
    }
    return entry
  }

  folderOf(path: string): Map<string, Entry> | undefined {
    const above = this.at(path.split('/').slice(0, -1).join('/'))
    return above instanceof Map ? above : undefined
  }

  set(path: string, entry: Entry | undefined): void {
    const name = path.split('/').at(-1) ?? ''
    if (entry === undefined) this.folderOf(path)?.delete(name)
    else this.folderOf(path)?.set(name, entry)
  }
}

function copyOf(entry: Entry): Entry {
  if (typeof entry === 'string') return entry
  return new Map([...entry].map(([name, each]) => [name, copyOf(each)]))
}

const steps = 120
const files = ['a', 'd/a', 'd/b', 'd/e/a', 'd/e/f/a', 'g/a', 'g/d/a', 'h/a', 'd']
const folders = ['d', 'd/e', 'd/e/f', 'g', 'g/d', 'h', 'a']
const paths = [...new Set([...files, ...folders])]

t.test('the mount and the drive are one tree, whoever writes', { timeout: 120_000 }, async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  const { url } = await world.start(['--mount', mount])
  const doors = [mountDoor(join(mount, 'mfs')), driveDoor(new URL('/dav/mfs/', url))]
  const lanes = ['one', 'two', 'three']
  await Promise.all(
    lanes.map(async lane => {
      await doors[0]?.makeFolder(lane)
      await walkLane(
        t,
        lane,
        doors.map(door => below(door, lane)),
        () => world.line(['snapshot'])
      )
    })
  )
})

/** Random steps in one folder, by either door, while other lanes do the same in theirs. */
async function walkLane(
  t: Test,
  lane: string,
  doors: readonly Door[],
  seal: () => Promise<unknown>
): Promise<void> {
  const model = new Model()
  const stream = seededStream(lane)
  const pick = <T>(of: readonly T[]) => of[stream(4).readUInt32LE() % of.length] as T
  for (let step = 0; step < steps; step += 1) {
    const door = pick(doors)
    const act = pick(acts)
    const { from, onto } = likely(model, act)
    const [path, to] = [pick(pick([from, from, paths])), pick(pick([onto, onto, paths]))]
    const text = `${step}`.repeat(1 + step * 8)
    const { may, did } = await perform(model, door, { act, path, to, text })
    const what = `${lane}, ${step}: ${act} ${path} ${to} by the ${door.name}`
    if (!t.equal(did, may, what)) return
    await compare(t, model, doors, what, step % 10 === 9 ? ['', ...paths] : [path, to])
  }
  await seal()
  await compare(t, model, doors, `${lane}, sealed`, ['', ...paths])
}

function below(door: Door, folder: string): Door {
  const at = (path: string) => (path === '' ? `${folder}/` : `${folder}/${path}`)
  return {
    name: door.name,
    put: (path, text) => door.put(at(path), text),
    read: path => door.read(at(path)),
    makeFolder: path => door.makeFolder(at(path)),
    remove: path => door.remove(at(path)),
    move: (from, to) => door.move(at(from), at(to)),
    copy: (from, to) => door.copy(at(from), at(to)),
    list: path => door.list(at(path))
  }
}

const acts = ['put', 'put', 'put', 'makeFolder', 'makeFolder', 'remove', 'move', 'copy'] as const

/** Where an act most likely does something: whole trees, copied and moved, are what may go wrong. */
function likely(model: Model, act: (typeof acts)[number]) {
  const orAll = (found: readonly string[]) => (found.length === 0 ? paths : found)
  const free = (path: string) => model.at(path) === undefined && model.folderOf(path) !== undefined
  const onto = orAll(paths.filter(free))
  if (act === 'put') return { from: files, onto }
  if (act === 'makeFolder') return { from: orAll(folders.filter(free)), onto }
  const full = paths.filter(path => {
    const entry = model.at(path)
    return entry instanceof Map && entry.size > 0
  })
  return { from: act === 'remove' ? paths : orAll(full), onto }
}

interface Step {
  readonly act: (typeof acts)[number]
  readonly path: string
  readonly to: string
  readonly text: string
}

/** Does it by a door and to the model; `may`: the model says that it can be done. */
async function perform(model: Model, door: Door, { act, path, to, text }: Step) {
  const [entry, folder] = [model.at(path), model.folderOf(path)]
  if (act === 'put') {
    const may = folder !== undefined && !(entry instanceof Map)
    if (may) model.set(path, text)
    return { may, did: await door.put(path, text) }
  }
  if (act === 'makeFolder') {
    const may = folder !== undefined && entry === undefined
    if (may) model.set(path, new Map())
    return { may, did: await door.makeFolder(path) }
  }
  if (act === 'remove') {
    model.set(path, undefined)
    return { may: entry !== undefined, did: await door.remove(path) }
  }
  const free = model.at(to) === undefined && model.folderOf(to) !== undefined
  if (!free || `${to}/`.startsWith(`${path}/`)) return { may: true, did: true }
  if (entry !== undefined) model.set(to, copyOf(entry))
  if (act === 'move') model.set(path, undefined)
  return { may: entry !== undefined, did: await door[act](path, to) }
}

/** Whether every door shows at these paths what the model has. */
async function compare(
  t: Test,
  model: Model,
  doors: readonly Door[],
  what: string,
  at: readonly string[]
): Promise<void> {
  for (const path of at) {
    const entry = model.at(path)
    for (const door of doors) {
      const where = `${what}: ${path} by the ${door.name}`
      const expected = entry instanceof Map ? [...entry.keys()].sort() : entry
      const shown = await (entry instanceof Map ? door.list(path) : door.read(path))
      t.strictSame(shown, expected, where)
    }
  }
}
