import { parentPort, workerData } from 'node:worker_threads'
import { nameFromBytes } from '../../../src/base/names.ts'
import { type InodeKey, inodeKind } from '../../../src/vfs/frozen/inode-key.ts'
import type { InodeMemory } from '../../../src/vfs/frozen/inode-memory.ts'
import { InodeTable } from '../../../src/vfs/frozen/inode-table.ts'

/** Looks up, checks and forgets what other threads do too, in an order of its seed's. */
export interface StormOrder {
  readonly memory: InodeMemory
  readonly idleInodes: number
  readonly seed: number
  readonly steps: number
}

const { memory, idleInodes, seed, steps } = workerData as StormOrder
const table = new InodeTable({ memory, idleInodes })
let state = seed
const held: Array<{ ino: number; key: InodeKey }> = []
const wrong: string[] = []

function random(below: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

/** One of 400 contents: every seventh a directory, every eleventh of a long multihash. */
function makeKey(): InodeKey {
  const content = random(400)
  const identity = new Uint8Array(content % 11 === 0 ? 66 + (content % 5) * 80 : 34).fill(content)
  identity[1] = content >>> 8
  const base = { kind: inodeKind.content, identity, codec: 0x70, cidVersion: 1 } as const
  const directories = held.filter(({ key }) => key.parent !== 0)
  const parent = directories[random(directories.length + 1)]?.ino ?? 1
  const isDirectory = content % 7 === 0
  const name = nameFromBytes(Buffer.from(isDirectory ? `d${random(3)}` : ''))
  return { ...base, parent: isDirectory ? parent : 0, name }
}

function check({ ino, key }: { ino: number; key: InodeKey }): void {
  const { identity } = table.identity(ino)
  if (Buffer.compare(identity, key.identity) !== 0) wrong.push(`inode ${ino} is another's`)
  if (table.attributes(ino, { uid: 0, gid: 0 }).size !== key.identity.length) wrong.push('size')
  if (key.parent !== 0 && table.parent(ino) !== key.parent) wrong.push('parent')
}

for (let step = 0; step < steps; step++) {
  if (held.length > 60 || (held.length > 0 && random(3) === 0)) {
    const [entry] = held.splice(random(held.length), 1)
    check(entry!)
    if (entry!.key.parent !== 0 && held.some(({ key }) => key.parent === entry!.ino)) {
      held.push(entry!)
      continue
    }
    table.forget(entry!.ino, 1)
    continue
  }
  const key = makeKey()
  const details = {
    mode: 0o100444,
    size: key.identity.length,
    mtimeSeconds: 0,
    mtimeNanoseconds: 0
  }
  const found = random(2) === 0 ? table.find(key) : 0
  held.push({ ino: found === 0 ? table.add(key, details) : found, key })
}
for (const entry of held) check(entry)
for (const { ino } of held) table.forget(ino, 1)
parentPort!.postMessage(wrong)
