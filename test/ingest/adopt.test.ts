import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { openDatabase } from '../../src/base/database.ts'
import { type AdoptOptions, adoptPath } from '../../src/ingest/adopt-path.ts'
import { openIngest } from '../../src/ingest/open.ts'
import { openBlockStore } from '../../src/store/open.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import type { ProfileName } from '../../src/unixfs/api.ts'
import { openUnixfsReader } from '../../src/unixfs/reader.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { scratch } from '../lib/ingest-home.ts'

const MiB = 1024 * 1024

/** A home with hash threads, as the daemon seals by. */
function openHome(t: Test, threads = 2) {
  const home = scratch(t)
  const segments = join(home, 'segments')
  const path = join(home, 'cairn.db')
  const database = openDatabase(path, { migrations: storeMigrations })
  const store = openBlockStore({ segments, database })
  const ingest = openIngest({ blocks: store, store: { database: path, segments }, threads })
  t.teardown(async () => {
    await ingest.close()
    store.close()
    database.close()
  })
  const adopt = (file: string, options: Partial<AdoptOptions> = {}) =>
    adoptPath({ ingest, store }, file, {
      profile: 'unixfs-v1-2025',
      leastBytes: 2 * MiB,
      ...options
    })
  const flats = () => readdirSync(segments).filter(name => name.endsWith('.flat')).length
  return { home, store, database, ingest, adopt, flats }
}

type Home = ReturnType<typeof openHome>

function readAll({ store }: Home, codec: number, multihash: Uint8Array, bytes: number): Buffer {
  const target = Buffer.alloc(bytes)
  const reader = openUnixfsReader(store)
  for (let at = 0; at < bytes; ) {
    const count = reader.readFile(codec, multihash, target.subarray(at), at)
    if (count === 0) break
    at += count
  }
  return target
}

for (const threads of [1, 2, 3]) {
  t.test(
    `a large new file becomes a segment, its CID that of an import: ${threads} threads`,
    async t => {
      const home = openHome(t, threads)
      const path = join(home.home, 'draft')
      const bytes = seededBytes(11 * MiB + 17, 'large')
      writeFileSync(path, bytes)
      const { node, adoption } = await home.adopt(path)
      home.database.write(() => adoption?.index(), { durable: true })
      rmSync(path)
      t.equal(home.flats(), 1)
      t.ok(readAll(home, node.codec, node.multihash, bytes.length).equals(bytes))
      const other = join(home.home, 'other')
      writeFileSync(other, bytes)
      const options = { profile: 'unixfs-v1-2025', metadata: false, onlyHash: true } as const
      const { cid } = await home.ingest.importPath(other, options)
      t.equal(makeCid(node.codec, node.multihash).toString(), cid.toString())
      const { segmentBytes } = home.store.statistics()
      t.ok(segmentBytes < bytes.length + 10_000, 'nothing of it was copied')
    }
  )
}

function sparse(path: string): void {
  const file = openSync(path, 'w')
  writeSync(file, seededBytes(MiB, 'sparse'), 0, MiB, 5 * MiB)
  ftruncateSync(file, 40 * MiB)
  closeSync(file)
}

const edited = seededBytes(12 * MiB, 'edited')
/** What is here of it already is not what is looked at first. */
const partly = Buffer.concat(
  Array.from({ length: 12 }, (_, at) =>
    at === 2 || at === 5 ? edited.subarray(at * MiB, (at + 1) * MiB) : seededBytes(MiB, `new ${at}`)
  )
)

const copied: ReadonlyArray<
  readonly [string, (path: string) => void, Partial<AdoptOptions> & { profile?: ProfileName }]
> = [
  ['a small one', path => writeFileSync(path, seededBytes(2 * MiB - 1, 'small')), {}],
  ['an empty one', path => writeFileSync(path, ''), { leastBytes: 0 }],
  ['one of one chunk', path => writeFileSync(path, seededBytes(MiB, 'chunk')), { leastBytes: 1 }],
  ['a sparse one', sparse, {}],
  ['one of zeros that take room', path => writeFileSync(path, Buffer.alloc(9 * MiB)), {}],
  ['one that is here already', path => writeFileSync(path, edited), {}],
  ['one that is partly here', path => writeFileSync(path, partly), {}],
  [
    'one whose leaves are not its bytes',
    path => writeFileSync(path, seededBytes(5 * MiB, 'v0')),
    { profile: 'unixfs-v0-2015' }
  ],
  [
    'one that is cut by its content',
    path => writeFileSync(path, seededBytes(5 * MiB, 'cdc')),
    { profile: 'fastcdc' }
  ]
]

for (const [name, make, options] of copied) {
  t.test(`what is new is copied of ${name}`, async t => {
    const home = openHome(t)
    const before = join(home.home, 'before')
    writeFileSync(before, edited)
    await home.ingest.importPath(before, { profile: 'unixfs-v1-2025', metadata: false })
    const path = join(home.home, 'draft')
    make(path)
    const bytes = readFileSync(path)
    const { node, adoption } = await home.adopt(path, options)
    t.equal(adoption, undefined)
    rmSync(path)
    t.ok(readAll(home, node.codec, node.multihash, bytes.length).equals(bytes))
    t.equal(home.flats(), 0)
  })
}

t.test('a sparse file takes no room for its holes', async t => {
  const threads = 2
  const home = openHome(t, threads)
  const path = join(home.home, 'draft')
  sparse(path)
  await home.adopt(path)
  const { segmentBytes } = home.store.statistics()
  t.ok(segmentBytes < (1 + threads + 0.1) * MiB, 'each thread may write the chunk of zeros once')
})

t.test('what is given up is a draft as before, and can be adopted again', async t => {
  const home = openHome(t)
  const path = join(home.home, 'draft')
  writeFileSync(path, seededBytes(5 * MiB, 'draft'))
  const first = await home.adopt(path)
  first.adoption?.abandon()
  t.equal(home.flats(), 0)
  const second = await home.adopt(path)
  t.same(second.node, first.node)
  home.database.write(() => second.adoption?.index())
  t.equal(statSync(path).nlink, 2)
})

t.test('a file that changes, is gone or is no file is told so, and leaves nothing', async t => {
  const home = openHome(t)
  const path = join(home.home, 'draft')
  await t.rejects(home.adopt(path), { code: 'not-found' })
  writeFileSync(path, seededBytes(30 * MiB, 'draft'))
  const adopting = home.adopt(path)
  appendFileSync(path, 'more')
  await t.rejects(adopting, { code: 'conflict' })
  const controller = new AbortController()
  const aborted = home.adopt(path, { signal: controller.signal })
  controller.abort()
  await t.rejects(aborted, { code: 'aborted' })
  await t.rejects(home.ingest.hashFile(path, { profile: 'fastcdc' }), { code: 'invalid' })
  t.equal(home.flats(), 0)
})
