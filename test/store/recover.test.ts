import {
  appendFileSync,
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { basename, join } from 'node:path'
import t, { type Test } from 'tap'
import { codec, type Multihash, sha256Multihash } from '../../src/base/blocks.ts'
import { encodeHead } from '../../src/base/car.ts'
import { openDatabase } from '../../src/base/database.ts'
import { checkStore } from '../../src/store/check.ts'
import { takeOwnerLock } from '../../src/store/owner-lock.ts'
import { storeMigrations } from '../../src/store/schema.ts'
import { lockPath } from '../../src/store/segment-files.ts'
import { bytesOf, makeHome, openStore, type TestHome } from './lib.ts'

function record(bytes: Uint8Array, multihash: Multihash = sha256Multihash(bytes)): Buffer {
  return Buffer.concat([encodeHead(codec.raw, multihash, bytes.length), bytes])
}

/** A home whose one segment holds three blocks, and whose writer closed. */
function homeOfThree(t: Test): TestHome & { segment: string; sound: number } {
  const home = makeHome()
  t.teardown(home.remove)
  const { store, end } = openStore(home)
  for (const number of [1, 2, 3]) store.add(bytesOf(number))
  end()
  const [name] = readdirSync(home.segments).filter(name => name.endsWith('.car'))
  const segment = join(home.segments, name!)
  return { ...home, segment, sound: statSync(segment).size }
}

function change(home: TestHome, sql: string): void {
  const database = openDatabase(home.databasePath, { migrations: storeMigrations })
  database.statement(sql).run()
  database.close()
}

const tails: ReadonlyArray<readonly [string, Uint8Array]> = [
  ['half a record', record(bytesOf(9)).subarray(0, 60)],
  ['half a head', record(bytesOf(9)).subarray(0, 7)],
  ['zeros, as some file systems leave', Buffer.alloc(5000)],
  ['noise', Buffer.alloc(3000, 'noise \xff\x12\x20')],
  ['a record of another hash', record(bytesOf(9), sha256Multihash(bytesOf(8)))],
  ['a length of 2^48', Buffer.from('808080808080400155122000', 'hex')],
  ['a length shorter than its CID', Buffer.from('0501551220aaaaaaaa', 'hex')]
]

for (const [name, tail] of tails) {
  t.test(`a torn tail is cut off: ${name}`, async t => {
    const home = homeOfThree(t)
    appendFileSync(home.segment, tail)
    const { store, end } = openStore(home)
    t.equal(statSync(home.segment).size, home.sound)
    t.equal(store.statistics().blocks, 3)
    const added = store.add(bytesOf(4))
    end()
    const again = openStore(home)
    t.same(Buffer.from(again.store.read(added)), bytesOf(4), 'and the segment is gone on with')
    t.equal(again.store.statistics().segments, 1)
    again.end()
  })
}

t.test('whole records that no row names are indexed, and the torn one behind them cut', async t => {
  const home = homeOfThree(t)
  const whole = Buffer.concat([record(bytesOf(4)), record(bytesOf(5, 0))])
  appendFileSync(home.segment, Buffer.concat([whole, record(bytesOf(6)).subarray(0, 99)]))
  const { store, end } = openStore(home)
  t.same(Buffer.from(store.read(sha256Multihash(bytesOf(4)))), bytesOf(4))
  t.equal(store.size(sha256Multihash(bytesOf(5, 0))), 0)
  t.equal(store.has(sha256Multihash(bytesOf(6))), false)
  t.equal(statSync(home.segment).size, home.sound + whole.length)
  end()
})

t.test('the tail of a writer that lives is left alone', async t => {
  const home = homeOfThree(t)
  const id = Number.parseInt(readdirSync(home.segments)[0]!, 16)
  const lock = takeOwnerLock(lockPath(home.segments, id))
  t.ok(lock)
  t.equal(takeOwnerLock(lockPath(home.segments, id)), undefined, 'it is owned by one')
  appendFileSync(home.segment, record(bytesOf(9)).subarray(0, 60))
  const during = openStore(home)
  t.equal(statSync(home.segment).size, home.sound + 60)
  during.store.add(bytesOf(7))
  during.end()
  t.equal(readdirSync(home.segments).filter(name => name.endsWith('.car')).length, 2)
  lock?.release()
  openStore(home).end()
  t.equal(statSync(home.segment).size, home.sound)
})

t.test('after a power cut, rows whose bytes did not reach the disk are dropped', async t => {
  const home = homeOfThree(t)
  change(home, "UPDATE segments SET synced = 26, boot = 'an earlier run'")
  truncateSync(home.segment, home.sound - 30)
  const { store, end } = openStore(home)
  t.same(
    [1, 2, 3].map(number => store.has(sha256Multihash(bytesOf(number)))),
    [true, true, false]
  )
  store.add(bytesOf(3))
  end()
  const again = openStore(home)
  t.same(Buffer.from(again.store.read(sha256Multihash(bytesOf(3)))), bytesOf(3))
  again.end()
})

t.test('after a power cut, a hole among sound records costs only the block in it', async t => {
  const home = homeOfThree(t)
  change(home, "UPDATE segments SET synced = 26, boot = 'an earlier run'")
  overwrite(home.segment, 26, Buffer.alloc(120))
  const { store, database, end } = openStore(home)
  t.same(
    [1, 2, 3].map(number => store.has(sha256Multihash(bytesOf(number)))),
    [false, true, true]
  )
  store.add(bytesOf(1))
  store.flush()
  t.equal(store.statistics().segments, 2, 'the damaged segment is not gone on with')
  t.match(checkStore({ segments: home.segments, database }), { blocks: 3, damaged: [] })
  end()
})

t.test('what was synced is not read again after a power cut', async t => {
  const home = homeOfThree(t)
  change(home, "UPDATE segments SET boot = 'an earlier run'")
  overwrite(home.segment, home.sound - 1, Buffer.from('!'))
  const { store, end } = openStore(home)
  t.equal(store.has(sha256Multihash(bytesOf(3))), true, 'that is what fsck is for')
  end()
})

t.test('a segment whose writer died before its first row is taken in', async t => {
  const home = homeOfThree(t)
  change(home, 'DELETE FROM segments')
  change(home, 'DELETE FROM blocks')
  writeFileSync(join(home.segments, '00000000000001.car'), 'not a segment')
  const { store, end } = openStore(home)
  t.equal(store.statistics().blocks, 3)
  t.equal(readFileSync(join(home.segments, '00000000000001.car'), 'latin1'), 'not a segment')
  end()
})

t.test(
  'any number of files that crashes left before their header was whole are no lost index',
  async t => {
    const home = homeOfThree(t)
    const header = readFileSync(home.segment).subarray(0, 26)
    for (const length of [0, 1, 5, 13, 24, 25]) {
      const name = `000000000000${String(10 + length)}.car`
      writeFileSync(join(home.segments, name), header.subarray(0, length))
    }
    const foreign = ['1', '2', '3', '4', '5'].map(digit => `0000000000000${digit}.car`)
    for (const name of foreign) writeFileSync(join(home.segments, name), 'not a segment')
    const { store, end } = openStore(home)
    t.equal(store.statistics().blocks, 3)
    const names = readdirSync(home.segments).filter(name => name.endsWith('.car'))
    t.same(
      names.sort(),
      [...foreign, basename(home.segment)],
      'they are gone, what is not ours is not'
    )
    end()
  }
)

t.test(
  'a file that is shorter than its row says is read whole, and the rows behind its end go',
  async t => {
    for (const boot of ['', ", boot = 'an earlier run'"]) {
      const home = homeOfThree(t)
      change(home, `UPDATE segments SET synced = bytes${boot}`)
      truncateSync(home.segment, home.sound - 30)
      const { store, database, end } = openStore(home)
      t.same(
        [1, 2, 3].map(number => store.has(sha256Multihash(bytesOf(number)))),
        [true, true, false]
      )
      store.add(bytesOf(3))
      store.flush()
      t.match(checkStore({ segments: home.segments, database }), { blocks: 3, damaged: [] })
      t.equal(store.statistics().segments, 1, 'and it is gone on with')
      end()
    }
  }
)

t.test('a block that is brought again heals a row whose bytes are lost', async t => {
  for (const [what, lose] of [
    ['a cut file', home => truncateSync(home.segment, home.sound - 1)],
    ['a lost file', home => rmSync(home.segment)]
  ] as ReadonlyArray<[string, (home: { segment: string; sound: number }) => void]>) {
    const home = homeOfThree(t)
    change(home, "UPDATE segments SET state = 'finished'")
    lose(home)
    const { store, database, end } = openStore(home)
    const multihash = sha256Multihash(bytesOf(3))
    t.throws(() => store.read(multihash), { code: 'corrupt' }, what)
    store.add(bytesOf(3))
    t.same(Buffer.from(store.read(multihash)), bytesOf(3))
    store.flush()
    t.same(Buffer.from(store.read(multihash)), bytesOf(3))
    const { damaged } = checkStore({ segments: home.segments, database })
    t.equal(damaged.length, what === 'a cut file' ? 0 : 2)
    end()
  }
})

t.test('many segments without a row are a lost index: the error says what to do', async t => {
  const home = homeOfThree(t)
  change(home, 'DELETE FROM segments')
  for (const digit of '12345') {
    writeFileSync(join(home.segments, `0000000000000${digit}.car`), readFileSync(home.segment))
  }
  t.throws(() => openStore(home), { code: 'corrupt', message: /cairn fsck --rebuild-index/ })
})

t.test(
  'a block whose segment was cut behind the index is corrupt, not missing or garbage',
  async t => {
    const home = homeOfThree(t)
    const { store, end } = openStore(home)
    truncateSync(home.segment, home.sound - 1)
    const multihash = sha256Multihash(bytesOf(3))
    t.throws(() => store.read(multihash), { code: 'corrupt', message: /cairn fsck/ })
    t.throws(() => store.readInto(multihash, 90, Buffer.alloc(10)), { code: 'corrupt' })
    t.equal(store.readInto(multihash, 0, Buffer.alloc(10)), 10)
    end()
  }
)

function overwrite(path: string, position: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+')
  writeSync(file, bytes, 0, bytes.length, position)
  closeSync(file)
}
