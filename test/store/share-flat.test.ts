import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, openSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { leavesIn } from '../../src/store/flat-description.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { collect, openNamed } from './collect-lib.ts'
import { adoptNow, flatFiles, makePieces } from './flat-lib.ts'
import { bytesOf, makeHome, openStore } from './lib.ts'

const collecting = fileURLToPath(new URL('./collect-process.ts', import.meta.url))
const pause = new Int32Array(new SharedArrayBuffer(4))

type Block = { readonly multihash: Uint8Array; readonly length: number }

/** A store with two flat segments of three leaves each, and a block elsewhere. */
function openShared(t: Test) {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  t.teardown(opened.end)
  const [one, other] = ['one', 'other'].map(name => {
    const file = makePieces(home, name)
    adoptNow(opened, file)
    rmSync(file.path)
    return { bytes: Buffer.concat(file.pieces), blocks: [...leavesIn(file.leaves)] as Block[] }
  })
  const elsewhere = bytesOf(1, 5000)
  const car: Block = { multihash: opened.store.add(elsewhere), length: elsewhere.length }
  opened.store.flush()
  return { ...opened, home, one: one!, other: other!, car }
}

type Shared = ReturnType<typeof openShared>

t.test('a flat segment is to be had as the file that its blocks are, one after the other', t => {
  const { store, one, other } = openShared(t)
  const path = store.sharing.share(one.blocks) ?? ''
  t.ok(readFileSync(path).equals(one.bytes))
  t.equal(store.sharing.share(one.blocks), path, 'asked again, the same')
  const { share } = store.sharing
  t.ok(readFileSync(share(other.blocks) ?? '').equals(other.bytes), 'and another, another')
  rmSync(path)
  t.ok(readFileSync(share(one.blocks) ?? '').equals(one.bytes), 'a name that went comes again')
  t.end()
})

const refused: Readonly<Record<string, (shared: Shared) => Iterable<Block>>> = {
  'no blocks': () => [],
  'only the first': ({ one }) => one.blocks.slice(0, 1),
  'all but the first': ({ one }) => one.blocks.slice(1),
  'all but the last': ({ one }) => one.blocks.slice(0, -1),
  'in another order': ({ one }) => one.blocks.toReversed(),
  'one twice': ({ one }) => [...one.blocks, one.blocks[2]!],
  'those of two segments': ({ one, other }) => [...one.blocks, ...other.blocks],
  'one of another segment': ({ one, other }) => [one.blocks[0]!, other.blocks[1]!, one.blocks[2]!],
  'one that is not in a flat segment': ({ car }) => [car],
  'one that is not, at the end': ({ one, car }) => [...one.blocks, car],
  'one that is not here': ({ one }) => [
    ...one.blocks,
    { multihash: new Uint8Array(34), length: 1 }
  ],
  'one that is shorter than is claimed': ({ one }) =>
    one.blocks.map(block => ({ ...block, length: block.length + 1 })),
  'one that was removed': ({ store, one }) => {
    store.remove([one.blocks[1]!.multihash])
    return one.blocks
  },
  'one that was damaged, and brought anew': ({ store, one }) => {
    const { multihash } = one.blocks[1]!
    const bytes = store.read(multihash)
    store.remove([multihash])
    store.put(makeCid(codec.raw, multihash), bytes)
    store.flush()
    return one.blocks
  },
  'of a file that somebody wrote behind': ({ home, one }) => {
    for (const path of flatFiles(home).flat) appendFileSync(path, 'more')
    return one.blocks
  },
  'of a file that was cut short': ({ home, one }) => {
    for (const path of flatFiles(home).flat) truncateSync(path, 12_000)
    return one.blocks
  },
  'of a file that is gone': ({ home, one }) => {
    for (const path of flatFiles(home).flat) rmSync(path)
    return one.blocks
  }
}

for (const [what, blocks] of Object.entries(refused)) {
  t.test(`nothing is shared for ${what}`, t => {
    const shared = openShared(t)
    t.equal(shared.store.sharing.share(blocks(shared)), undefined)
    t.end()
  })
}

t.test('no more blocks are asked for than it takes to see that there is no such file', t => {
  const { store, car } = openShared(t)
  function* endless() {
    for (;;) yield car
  }
  t.equal(store.sharing.share(endless()), undefined)
  t.end()
})

/** A home with a flat file that had a name, as the process that will share it has it open. */
function openForgotten(t: Test) {
  const home = makeHome()
  t.teardown(home.remove)
  const writer = openNamed(home)
  const bytes = Buffer.concat([1, 2, 3].map(number => bytesOf(number, 1024 * 1024)))
  const cid = CID.parse(writer.adopt('file', join(home.home, 'draft'), bytes))
  writer.unname('file')
  writer.end()
  const { database, store, end } = openNamed(home)
  t.teardown(end)
  const blocks = [...openUnixfsReader(store).rawLeaves(cid.code, cid.multihash.bytes)]
  return { home, database, store, bytes, blocks }
}

t.test(
  'what is collected keeps its bytes for who has it open, by that name or without',
  async t => {
    const { home, database, store, bytes, blocks } = openForgotten(t)
    const path = store.sharing.share(blocks) ?? ''
    await collect(home, database)
    t.same(flatFiles(home), { flat: [], leaves: [], lock: [] })
    const file = openSync(path, 'r')
    rmSync(path)
    t.ok(readFileSync(file).equals(bytes))
    closeSync(file)
    t.equal(store.sharing.share(blocks), undefined, 'and nobody else gets it')
  }
)

t.test('what is collected at that moment is shared whole, or not at all', async t => {
  const { home, store, bytes, blocks } = openForgotten(t)
  const [first, ...rest] = blocks
  const other = openStore(home)
  t.teardown(other.end)
  const collector = spawn(process.execPath, [collecting, home.segments, home.databasePath], {
    stdio: ['ignore', 'ignore', 'ignore']
  })
  t.teardown(() => collector.kill('SIGKILL'))
  /** Once the first was looked at, all of them are dropped. */
  function* whileCollected() {
    yield first!
    while (other.store.has(rest[0]!.multihash)) Atomics.wait(pause, 0, 0, 10)
    yield* rest
  }
  const path = store.sharing.share(whileCollected()) ?? ''
  while (flatFiles(home).flat.length > 0) await new Promise(resolve => setTimeout(resolve, 10))
  t.ok(readFileSync(path).equals(bytes))
  const gone = once(collector, 'exit')
  collector.kill('SIGKILL')
  await gone
})
