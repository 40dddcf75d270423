import { randomBytes } from 'node:crypto'
import { linkSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import t from 'tap'
import { checkStore } from '../../src/store/check.ts'
import { collect, openNamed } from './collect-lib.ts'
import { flatFiles } from './flat-lib.ts'
import { makeHome } from './lib.ts'

t.test(
  'of a file that became a segment as it is, what lives is copied and the rest goes',
  async t => {
    const home = makeHome()
    t.teardown(home.remove)
    const named = openNamed(home)
    const MiB = 1024 * 1024
    const bytes = randomBytes(5 * MiB)
    const draft = join(home.home, 'draft')
    const old = named.adopt('file', draft, bytes)
    const edited = Buffer.concat([bytes.subarray(0, 2 * MiB), randomBytes(MiB)])
    named.name('file', named.write(edited))
    named.name('whole', named.adopt('whole', draft, randomBytes(3 * MiB)))
    named.end()
    const reader = openNamed(home)
    t.teardown(reader.end)
    t.ok(reader.store.has(CID.parse(old).multihash.bytes))
    t.equal(flatFiles(home).flat.length, 2)
    const report = await collect(home, reader.database)
    t.match(report, { removedBlocks: 4, neededBytes: 0 })
    t.ok(report.freedBytes >= 5 * MiB)
    t.same([flatFiles(home).flat.length, flatFiles(home).leaves.length], [1, 1])
    const { code, multihash } = CID.parse(reader.named('file') ?? '')
    t.ok(reader.read(code, multihash.bytes, edited.length).equals(edited))
    reader.unname('whole')
    await collect(home, reader.database)
    t.same(flatFiles(home), { flat: [], leaves: [], lock: [] })
    const { damaged } = checkStore({
      segments: home.segments,
      database: reader.database,
      rebuildIndex: true
    })
    t.same(damaged, [])
  }
)

t.test('a copy of a home made by hard links keeps its bytes when segments go', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const named = openNamed(home)
  const bytes = randomBytes(3 * 1024 * 1024)
  named.name('flat', named.adopt('flat', join(home.home, 'draft'), bytes))
  named.name('car', named.write(randomBytes(600_000)))
  named.end()
  const files = readdirSync(home.segments).filter(name => /\.(flat|car)$/.test(name))
  const before = new Map<string, Buffer>()
  for (const name of files) {
    const copy = join(home.home, name)
    linkSync(join(home.segments, name), copy)
    before.set(copy, readFileSync(copy))
  }
  const reader = openNamed(home)
  t.teardown(reader.end)
  for (const name of ['flat', 'car']) reader.unname(name)
  t.ok((await collect(home, reader.database)).removedSegments >= 2)
  for (const [copy, kept] of before) t.ok(readFileSync(copy).equals(kept), copy)
})
