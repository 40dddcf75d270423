import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import t from 'tap'
import { type Name, toName } from '../../../src/base/names.ts'
import { type InodeKey, inodeKind } from '../../../src/vfs/frozen/inode-key.ts'
import { createInodeMemory } from '../../../src/vfs/frozen/inode-memory.ts'
import { InodeTable } from '../../../src/vfs/frozen/inode-table.ts'
import { takeCensus } from './inode-invariants.ts'
import type { StormOrder } from './inode-storm-thread.ts'

const owner = { uid: 7, gid: 8 }
const details = { mode: 0o100444, size: 1, mtimeSeconds: 0, mtimeNanoseconds: 0 }

function key(
  content: number | Uint8Array,
  place: { parent?: number; name?: string } = {}
): InodeKey {
  const identity =
    typeof content === 'number'
      ? new Uint8Array(34).fill(content & 255).fill(content >>> 8, 9)
      : content
  const { parent = 0, name } = place
  return {
    kind: inodeKind.content,
    identity,
    codec: 0x70,
    cidVersion: 1,
    parent,
    name: name === undefined ? ('' as Name) : toName(name)
  }
}

t.test('the root is inode 1, a directory, and is never forgotten', async t => {
  const table = new InodeTable()
  table.forget(1, 1_000_000)
  t.equal(table.attributes(1, owner).mode, 0o040555)
  t.equal(table.parent(1), 1)
  t.equal(table.known, 1)
})

t.test('a file has one inode wherever it lies; a directory has one for each place', async t => {
  const table = new InodeTable()
  t.equal(table.add(key(1), details), table.add(key(1), details))
  const above = table.add(key(2, { parent: 1, name: 'a' }), details)
  const places = [
    key(3, { parent: above, name: 'x' }),
    key(3, { parent: above, name: 'y' }),
    key(3, { parent: 1, name: 'x' })
  ].map(place => table.add(place, details))
  t.equal(new Set(places).size, 3)
  t.equal(table.parent(places[0]!), above)
  t.same(takeCensus(table.memory), { inodes: 6, lookups: 6, idle: 0, records: 6 })
})

t.test('codec, version and kind tell inodes of the same bytes apart', async t => {
  const table = new InodeTable()
  const base = key(1)
  const inos = [
    base,
    { ...base, codec: 0x55 },
    { ...base, cidVersion: 0 as const },
    { ...base, kind: inodeKind.archiveFolder }
  ].map(each => table.add(each, details))
  t.equal(new Set(inos).size, 4)
})

t.test('what stat shows comes back, at the ends of its ranges', async t => {
  const table = new InodeTable()
  const cases = [
    {
      mode: 0o107777,
      size: Number.MAX_SAFE_INTEGER,
      mtimeSeconds: 2 ** 40,
      mtimeNanoseconds: 999_999_999
    },
    { mode: 0o040000, size: 0, mtimeSeconds: -1, mtimeNanoseconds: 0 },
    { mode: 0o120777, size: 2 ** 32, mtimeSeconds: -(2 ** 40) - 5, mtimeNanoseconds: 1 },
    { mode: 0o100444, size: 2 ** 32 - 1, mtimeSeconds: 2 ** 31, mtimeNanoseconds: 500_000_000 }
  ]
  for (const [content, expected] of cases.entries()) {
    const ino = table.add(key(content), expected)
    t.match(table.attributes(ino, owner), { ino, links: 1, ...owner, ...expected })
  }
})

t.test('an inode unknown, forgotten or never there is not found', async t => {
  const table = new InodeTable({ idleInodes: 0 })
  const gone = table.add(key(1), details)
  table.forget(gone, 1)
  table.add(key(2), details)
  for (const ino of [0, -1, 1.5, 77, 2 ** 32, 2 ** 52, Number.NaN]) {
    t.throws(() => table.mode(ino), { code: 'not-found' }, `${ino}`)
    t.doesNotThrow(() => table.forget(ino, 1))
  }
  t.throws(() => table.add(key(3, { parent: 99, name: 'x' }), details), { code: 'not-found' })
  takeCensus(table.memory)
})

t.test(
  'a forgotten inode is found again by its number until many were forgotten after it',
  async t => {
    const table = new InodeTable({ idleInodes: 10 })
    const first = table.add(key(0), details)
    table.forget(first, 1)
    t.equal(table.find(key(0)), first)
    table.forget(first, 1)
    for (let content = 1; content < 40; content++) table.forget(table.add(key(content), details), 1)
    t.equal(table.find(key(0)), 0)
    t.ok(takeCensus(table.memory).records <= 12)
  }
)

t.test('a directory outlives its own look-ups while one below it is looked up', async t => {
  const table = new InodeTable({ idleInodes: 0 })
  const above = table.add(key(1, { parent: 1, name: 'a' }), details)
  const below = table.add(key(2, { parent: above, name: 'b' }), details)
  table.forget(above, 1)
  for (let content = 10; content < 30; content++) table.forget(table.add(key(content), details), 1)
  t.equal(table.parent(below), above)
  t.equal(table.mode(above), details.mode)
  table.forget(below, 1)
  t.same(takeCensus(table.memory).lookups, 0)
})

t.test('identities of any length up to 2047 bytes come back, longer ones are refused', async t => {
  const table = new InodeTable({ idleInodes: 4 })
  for (const length of [0, 1, 35, 36, 37, 66, 107, 108, 109, 500, 2047]) {
    const identity = Uint8Array.from({ length }, (_, i) => i * 31 + length)
    const ino = table.add(key(identity), details)
    t.same(table.identity(ino).identity, identity, `${length} bytes`)
    t.equal(table.find(key(identity)), ino)
    const other = identity.slice()
    if (length > 0) {
      other[length - 1]! ^= 1
      t.equal(table.find(key(other)), 0)
    }
    table.forget(ino, 2)
  }
  t.throws(() => table.add(key(new Uint8Array(2048)), details), { code: 'unsupported' })
  takeCensus(table.memory)
})

t.test(
  'a full table says so, keeps what it has, and takes new ones once some are forgotten',
  async t => {
    const table = new InodeTable({ memory: createInodeMemory(50), idleInodes: 1000 })
    const inos: number[] = []
    t.throws(
      () => {
        for (let content = 0; content < 100; content++) inos.push(table.add(key(content), details))
      },
      { code: 'no-space' }
    )
    t.throws(() => table.add(key(new Uint8Array(200)), details), { code: 'no-space' })
    t.throws(() => table.add(key(500, { parent: 1, name: 'x' }), details), { code: 'no-space' })
    t.equal(takeCensus(table.memory).lookups, inos.length)
    for (const ino of inos.slice(0, 5)) table.forget(ino, 1)
    t.ok(table.add(key(500), details))
    takeCensus(table.memory)
  }
)

t.test('a million inodes fit into 150 MB, and all of them are found again', async t => {
  const table = new InodeTable()
  const identity = new Uint8Array(34)
  const view = new DataView(identity.buffer)
  const inos = new Uint32Array(1_000_000)
  for (let i = 0; i < inos.length; i++) {
    view.setUint32(2, i)
    inos[i] = table.add(key(identity), details)
  }
  t.ok(table.memory.records.byteLength < 150e6, `${table.memory.records.byteLength} bytes`)
  let lost = 0
  for (let i = 0; i < inos.length; i += 97) {
    view.setUint32(2, i)
    if (table.find(key(identity)) !== inos[i]) lost++
  }
  t.equal(lost, 0)
})

t.test('any sequence of calls leaves the table as a plain model has it', async t => {
  const step = fc.record({
    content: fc.nat(12),
    place: fc.nat(3),
    drop: fc.boolean(),
    lookups: fc.nat(3)
  })
  const run = () =>
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.nat(6), (steps, idleInodes) => {
        const table = new InodeTable({ memory: createInodeMemory(64), idleInodes })
        const held = new Map<string, { ino: number; lookups: number }>()
        for (const { content, place, drop, lookups } of steps) {
          const id = `${content}/${place}`
          const known = held.get(id)
          if (drop && known !== undefined) {
            table.forget(known.ino, lookups)
            known.lookups -= lookups
            if (known.lookups <= 0) held.delete(id)
            continue
          }
          const wanted = key(content, place === 0 ? {} : { parent: 1, name: `n${place}` })
          const ino = table.add(wanted, { ...details, size: content })
          if (known !== undefined && known.ino !== ino) throw new Error('its number moved')
          held.set(id, { ino, lookups: (known?.lookups ?? 0) + 1 })
          for (const [other, { ino }] of held) {
            const size = table.attributes(ino, owner).size
            if (size !== Number.parseInt(other, 10)) throw new Error('another inode changed')
          }
        }
        takeCensus(table.memory)
      }),
      { numRuns: 60 }
    )
  t.doesNotThrow(run)
})

t.test(
  'threads that look up and forget the same inodes at once leave nothing torn or lost',
  async t => {
    const idleInodes = 24
    const table = new InodeTable({ idleInodes })
    const threads = [1, 2, 3, 4].map(seed => {
      const order: StormOrder = {
        memory: table.memory,
        idleInodes,
        seed: seed * 7919,
        steps: 20_000
      }
      return new Worker(new URL('./inode-storm-thread.ts', import.meta.url), { workerData: order })
    })
    const wrong = await Promise.all(threads.map(async thread => (await once(thread, 'message'))[0]))
    await Promise.all(threads.map(thread => thread.terminate()))
    t.same(wrong, [[], [], [], []])
    const census = takeCensus(table.memory)
    t.equal(census.lookups, 0)
    t.ok(census.records < 2000, `${census.records} records for at most 240 held at once`)
  }
)
