import fc from 'fast-check'
import t from 'tap'
import { toCairnError } from '../../../src/base/errors.ts'
import { nameText, toName } from '../../../src/base/names.ts'
import { fileType } from '../../../src/vfs/api.ts'
import type { Mfs } from '../../../src/vfs/mfs/api.ts'
import { checkMfs } from '../../../src/vfs/mfs/check.ts'
import { memoryBlocks } from '../../lib/memory-blocks.ts'
import { caller, openTree, place, readText } from './open-tree.ts'

/** A tree as plain objects: what the mutable tree must look like after the same operations. */
type Folder = Map<string, Folder | File>
interface File {
  text: string
}

const paths = ['a', 'b', 'a/x', 'a/y', 'b/x', 'a/x/deep', 'b/x/deep']
const path = fc.constantFrom(...paths)
const text = fc.string({ maxLength: 12, unit: fc.constantFrom('p', 'q', 'r') })
const operation = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), path, text }),
  fc.record({ kind: fc.constant('mkdir' as const), path }),
  fc.record({ kind: fc.constant('write' as const), path, text, position: fc.nat(20) }),
  fc.record({ kind: fc.constant('truncate' as const), path, size: fc.nat(20) }),
  fc.record({ kind: fc.constant('unlink' as const), path }),
  fc.record({ kind: fc.constant('rmdir' as const), path }),
  fc.record({ kind: fc.constant('rename' as const), path, to: path }),
  fc.record({ kind: fc.constant('exchange' as const), path, to: path }),
  fc.record({ kind: fc.constant('link' as const), path, to: path }),
  fc.record({ kind: fc.constant('seal' as const), path }),
  fc.record({ kind: fc.constant('replant' as const), path })
)
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never

class Refused extends Error {}

function folderOf(root: Folder, path: string): [Folder, string] {
  const parts = path.split('/')
  const last = parts.pop() ?? ''
  let folder = root
  for (const part of parts) {
    const next = folder.get(part)
    if (!(next instanceof Map)) throw new Refused()
    folder = next
  }
  return [folder, last]
}

function get(root: Folder, path: string): Folder | File {
  const [folder, name] = folderOf(root, path)
  const found = folder.get(name)
  if (found === undefined) throw new Refused()
  return found
}

function getFile(root: Folder, path: string): File {
  const found = get(root, path)
  if (found instanceof Map) throw new Refused()
  return found
}

function refuse(condition: boolean): void {
  if (condition) throw new Refused()
}

const inside = (path: string, folder: string) => path.startsWith(`${folder}/`)

/** Makes the operation in the model; throws `Refused` where POSIX has an error. */
function model(root: Folder, op: Operation): void {
  if (op.kind === 'seal' || op.kind === 'replant') return
  const [folder, name] = folderOf(root, op.path)
  const found = folder.get(name)
  switch (op.kind) {
    case 'create':
      refuse(found !== undefined)
      folder.set(name, { text: op.text })
      return
    case 'mkdir':
      refuse(found !== undefined)
      folder.set(name, new Map())
      return
    case 'write': {
      const file = getFile(root, op.path)
      if (op.text === '') return
      const before = file.text.padEnd(op.position, '\0')
      file.text =
        before.slice(0, op.position) + op.text + before.slice(op.position + op.text.length)
      return
    }
    case 'truncate': {
      const file = getFile(root, op.path)
      file.text = file.text.slice(0, op.size).padEnd(op.size, '\0')
      return
    }
    case 'unlink':
      getFile(root, op.path)
      folder.delete(name)
      return
    case 'rmdir':
      refuse(!(found instanceof Map) || found.size > 0)
      folder.delete(name)
      return
    case 'link': {
      const file = getFile(root, op.path)
      const [target, targetName] = folderOf(root, op.to)
      refuse(target.has(targetName))
      target.set(targetName, file)
      return
    }
    case 'rename':
      modelRename(root, op.path, op.to)
      return
    case 'exchange': {
      const [target, targetName] = folderOf(root, op.to)
      const [one, other] = [get(root, op.path), get(root, op.to)]
      refuse(inside(op.to, op.path) || inside(op.path, op.to))
      folder.set(name, other)
      target.set(targetName, one)
    }
  }
}

function modelRename(root: Folder, from: string, to: string): void {
  const [folder, name] = folderOf(root, from)
  const [target, targetName] = folderOf(root, to)
  const moved = get(root, from)
  const replaced = target.get(targetName)
  if (replaced === moved) return
  refuse(moved instanceof Map && inside(to, from))
  if (replaced !== undefined) {
    refuse(moved instanceof Map !== replaced instanceof Map)
    refuse(replaced instanceof Map && replaced.size > 0)
  }
  folder.delete(name)
  target.set(targetName, moved)
}

/** The same by the tree. */
async function run(tree: Mfs, op: Operation): Promise<void> {
  if (op.kind === 'seal') return void (await tree.seal())
  if (op.kind === 'replant') {
    const before = await tree.seal()
    tree.releaseWriting(tree.createFile(1, toName('passing'), 0o644, caller).ino)
    return void (await tree.restore(before.cid))
  }
  const [parent, name] = place(tree, op.path)
  const find = () => tree.lookup(parent, name).ino
  switch (op.kind) {
    case 'create': {
      const { ino } = tree.createFile(parent, name, 0o644, caller)
      tree.write(ino, Buffer.from(op.text), 0)
      tree.releaseWriting(ino)
      return
    }
    case 'mkdir':
      return void tree.makeDirectory(parent, name, 0o755, caller)
    case 'write': {
      const ino = find()
      tree.openForWriting(ino, false)
      if (op.text !== '') tree.write(ino, Buffer.from(op.text), op.position)
      tree.releaseWriting(ino)
      return
    }
    case 'truncate':
      return void tree.change(find(), { size: op.size }, caller)
    case 'unlink':
      return tree.remove(parent, name)
    case 'rmdir':
      return tree.removeDirectory(parent, name)
    case 'link':
      return void tree.makeLink(find(), ...place(tree, op.to))
    case 'rename':
      return tree.rename(parent, name, ...place(tree, op.to), { mode: 'replace' })
    case 'exchange':
      return tree.rename(parent, name, ...place(tree, op.to), { mode: 'exchange' })
  }
}

type Shape = { [name: string]: Shape | string }

function shapeOfModel(folder: Folder): Shape {
  const entries = [...folder].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    entries.map(([name, node]) => [name, node instanceof Map ? shapeOfModel(node) : node.text])
  )
}

function shapeOf(tree: Mfs, ino: number): Shape {
  const found: Array<[string, Shape | string]> = []
  tree.readDirectory(ino, { cookie: 0, withAttributes: false }, ({ name, ino, mode }) => {
    const folder = (mode & fileType.mask) === fileType.directory
    found.push([nameText(name), folder ? shapeOf(tree, ino) : readText(tree, ino)])
    return true
  })
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** Hard links do not travel in blocks: what comes back from them are files of their own. */
function unlinked(folder: Folder): Folder {
  return new Map(
    [...folder].map(([name, node]) => [name, node instanceof Map ? unlinked(node) : { ...node }])
  )
}

async function agree(operations: readonly Operation[], home: string): Promise<void> {
  const { tree, database, drafts, close } = openTree(home, { blocks: memoryBlocks() })
  try {
    let expected: Folder = new Map()
    for (const op of operations) {
      const outcomes = [
        outcomeOf(() => model(expected, op)),
        await outcomeOfAsync(() => run(tree, op))
      ]
      if (op.kind === 'replant') expected = unlinked(expected)
      const told = `after ${JSON.stringify(op)}`
      if (outcomes[0] !== outcomes[1])
        throw new Error(`${told}: model ${outcomes[0]}, tree ${outcomes[1]}`)
      const [want, have] = [
        JSON.stringify(shapeOfModel(expected)),
        JSON.stringify(shapeOf(tree, 1))
      ]
      if (want !== have) throw new Error(`${told}: model ${want}, tree ${have}`)
      const { problems } = checkMfs(database, drafts)
      if (problems.length > 0) throw new Error(`${told}: ${problems.join('; ')}`)
    }
  } finally {
    close()
  }
}

function outcomeOf(work: () => void): string {
  try {
    work()
    return 'done'
  } catch (error) {
    if (error instanceof Refused) return 'refused'
    throw error
  }
}

async function outcomeOfAsync(work: () => Promise<void>): Promise<string> {
  try {
    await work()
    return 'done'
  } catch (error) {
    const { code } = toCairnError(error)
    if (['io', 'corrupt', 'missing', 'conflict'].includes(code)) throw error
    return 'refused'
  }
}

t.test('random operations do what a tree of plain objects does', async t => {
  let run = 0
  const home = t.testdir()
  const property = fc.asyncProperty(fc.array(operation, { maxLength: 40 }), operations =>
    agree(operations, `${home}/${run++}`)
  )
  await fc.assert(property, { numRuns: 60 })
  t.pass(`${run} runs`)
})
