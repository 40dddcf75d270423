import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { linkSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { sha256Multihash } from '../../src/base/blocks.ts'
import { checkStore } from '../../src/store/check.ts'
import { decodeDescription, encodeDescription, leavesIn } from '../../src/store/flat-description.ts'
import { adoptNow, flatFiles, makePieces, tableOf } from './flat-lib.ts'
import { makeHome, openStore, type TestHome } from './lib.ts'

/** What a start finds of flat segments after crashes, and the index made anew of them. */

const leaves = tableOf([Buffer.from('one'), Buffer.from('three')])
const sound = Buffer.from(encodeDescription({ source: '../drafts/7', leaves }))

/** With the digest that such bytes have. */
function signed(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, hash('sha256', bytes, 'buffer')])
}

function patched(at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(sound.subarray(0, -32))
  copy.set(bytes, at)
  return signed(copy)
}

const pathBytes = '../drafts/7'.length
const countAt = 16 + 2 + pathBytes

const descriptions: ReadonlyArray<readonly [string, Buffer, RegExp]> = [
  ['empty', Buffer.alloc(0), /does not begin/],
  ['another file', Buffer.alloc(200, 'x'), /does not begin/],
  ['only its name', sound.subarray(0, 16), /does not begin/],
  ['cut by a byte', sound.subarray(0, -1), /is damaged/],
  ['cut within a leaf', sound.subarray(0, -60), /is damaged/],
  ['a byte more', Buffer.concat([sound, Buffer.alloc(1)]), /is damaged/],
  [
    'a bit flipped',
    Buffer.from(sound.map((byte, at) => (at === 40 ? byte ^ 1 : byte))),
    /is damaged/
  ],
  ['a path of 64 KiB', patched(16, [255, 255]), /ends within a path/],
  ['four billion leaves', patched(countAt, [255, 255, 255, 255]), /another length/],
  ['a leaf less', patched(countAt, [1, 0, 0, 0]), /another length/],
  ['a leaf of 4 GiB', patched(countAt + 4 + 32, [255, 255, 255, 255]), /over the bound/]
]

for (const [name, bytes, why] of descriptions) {
  t.test(`a description is refused: ${name}`, t => {
    t.match(decodeDescription(bytes), why)
    t.end()
  })
}

t.test('a description says what was written', t => {
  const read = decodeDescription(sound)
  if (typeof read === 'string') return t.fail(read)
  t.equal(read.source, '../drafts/7')
  t.same([...leavesIn(read.leaves)], [...leavesIn(leaves)])
  t.end()
})

/** A home of three adopted files, whose own names are gone, and of one block in an ordinary segment. */
function homeOfThree(t: Test): TestHome & { pieces: Buffer[] } {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  const pieces = ['a', 'b', 'c'].flatMap(name => {
    const file = makePieces(home, name)
    adoptNow(opened, file)
    rmSync(file.path)
    return file.pieces
  })
  const small = Buffer.from('small')
  opened.store.add(small)
  opened.end()
  return { ...home, pieces: [...pieces, small] }
}

function forgetIndex(home: TestHome): void {
  for (const name of readdirSync(home.home)) {
    if (name.startsWith('cairn.db')) rmSync(join(home.home, name))
  }
}

function readsAll(t: Test, home: TestHome & { pieces: Buffer[] }): void {
  const { store, database, end } = openStore(home)
  for (const piece of home.pieces) t.same(Buffer.from(store.read(sha256Multihash(piece))), piece)
  t.same(checkStore({ segments: home.segments, database }).damaged, [])
  end()
}

t.test('an index that was lost comes back from the segments and their descriptions', t => {
  const home = homeOfThree(t)
  forgetIndex(home)
  readsAll(t, home)
  t.same(flatFiles(home).lock, [])
  t.end()
})

t.test('the index is made anew, and what is damaged is told by its place', t => {
  const home = homeOfThree(t)
  const [first = '', second = '', third = ''] = flatFiles(home).flat
  const bytes = readFileSync(first)
  bytes[7000] = (bytes[7000] ?? 0) ^ 1
  writeFileSync(first, bytes)
  truncateSync(second, 12_000)
  rmSync(third.replace('.flat', '.leaves'))
  const { store, database, end } = openStore(home)
  const report = checkStore({ segments: home.segments, database, rebuildIndex: true })
  t.match(report, { indexed: 5, blocks: 8 }, 'what no description tells stays as it was')
  t.match(
    report.damaged.map(({ offset, why, cid }) => [offset, why, cid !== '']),
    [
      [5000, /do not have their hash/, true],
      [10_000, /do not have their hash/, true],
      [0, /description is not there/, false]
    ]
  )
  const here = home.pieces.filter(piece => store.has(sha256Multihash(piece)))
  t.equal(here.length, 8)
  end()
  t.end()
})

t.test('more of them without a row than crashes leave are a lost index', t => {
  const home = homeOfThree(t)
  const opened = openStore(home)
  for (const name of ['d', 'e']) {
    const file = makePieces(home, name)
    adoptNow(opened, file)
    rmSync(file.path)
  }
  opened.end()
  forgetIndex(home)
  t.throws(() => openStore(home), { code: 'corrupt', message: /rebuild-index/ })
  t.equal(flatFiles(home).flat.length, 5)
  t.end()
})

/** What adopting left at some step, with the draft under its own name. */
const leftovers: ReadonlyArray<
  readonly [string, readonly ('lock' | 'torn' | 'leaves' | 'flat')[]]
> = [
  ['only its lock', ['lock']],
  ['a description that is torn', ['lock', 'torn']],
  ['a description', ['lock', 'leaves']],
  ['a second name', ['lock', 'leaves', 'flat']]
]

for (const [name, left] of leftovers) {
  t.test(`a draft stays one when adopting it was cut short: it left ${name}`, t => {
    const home = makeHome()
    t.teardown(home.remove)
    openStore(home).end()
    const file = makePieces(home, 'draft')
    const [base] = [join(home.segments, '16eb2f4a6ff001')]
    const whole = encodeDescription({ source: '../draft', leaves: file.leaves })
    if (left.includes('lock')) writeFileSync(`${base}.flat.lock`, '')
    if (left.includes('torn')) writeFileSync(`${base}.leaves`, whole.subarray(0, 50))
    if (left.includes('leaves')) writeFileSync(`${base}.leaves`, whole)
    if (left.includes('flat')) linkSync(file.path, `${base}.flat`)
    const { store, end } = openStore(home)
    t.match(flatFiles(home), { flat: [], leaves: [] })
    t.notOk(store.has(sha256Multihash(file.pieces[0]!)))
    t.same(readFileSync(file.path), Buffer.concat(file.pieces))
    end()
    t.end()
  })
}

t.test('one under way is left alone by whoever opens the store meanwhile', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  const file = makePieces(home, 'draft')
  const adoption = opened.store.adopt(file)
  const beside = openStore(home)
  checkStore({ segments: home.segments, database: beside.database, rebuildIndex: true })
  t.equal(flatFiles(home).flat.length, 1)
  opened.database.write(() => adoption.index())
  rmSync(file.path)
  for (const piece of file.pieces) t.ok(beside.store.has(sha256Multihash(piece)))
  beside.end()
  opened.end()
  readsAll(t, { ...home, pieces: file.pieces })
  t.end()
})

t.test('another file at its old path does not take it back', t => {
  const home = makeHome()
  t.teardown(home.remove)
  const opened = openStore(home)
  const file = makePieces(home, 'draft')
  adoptNow(opened, file)
  opened.end()
  rmSync(file.path)
  makePieces(home, 'draft')
  forgetIndex(home)
  readsAll(t, { ...home, pieces: file.pieces })
  t.end()
})

const program = fileURLToPath(new URL('./adopt-process.ts', import.meta.url))

t.test('kill -9 at any moment: each file is a draft or a segment, and whole', async t => {
  const home = makeHome()
  t.teardown(home.remove)
  const adopted = new Map<string, string>()
  for (let round = 0; round < 12; round++) {
    const flags = ['--disable-warning=ExperimentalWarning', program, home.home]
    const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    let said = 0
    lines.on('line', line => {
      const [name = '', digest = ''] = line.split(' ')
      adopted.set(name, digest)
      if (++said === 3 + ((round * 7) % 11)) child.kill('SIGKILL')
    })
    await Promise.all([once(child, 'exit'), once(lines, 'close')])
    const { store, database, end } = openStore(home)
    const { damaged } = checkStore({ segments: home.segments, database })
    if (damaged.length > 0) t.fail(JSON.stringify(damaged))
    for (const [name, digest] of adopted) {
      const bytes = Buffer.concat(
        [0, 1].map(piece =>
          store.read(Buffer.from(digest.slice(piece * 68, piece * 68 + 68), 'hex'))
        )
      )
      if (bytes.length !== 6000) t.fail(`${name} is cut short`)
    }
    const rows = database.statement('SELECT id FROM segments WHERE id >= ?').all(2 ** 52)
    const { flat, leaves } = flatFiles(home)
    t.same([flat.length, leaves.length], [rows.length, rows.length], 'none is half adopted')
    end()
  }
  t.ok(adopted.size >= 36)
})
