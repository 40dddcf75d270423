import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseRedo, RedoLog, readRedo } from '../../src/base/redo-log.ts'
import { folderOf } from './notes-database.ts'

const sql = 'INSERT INTO notes VALUES (?, ?)'
const records = [
  [{ sql, values: [1, null] }],
  [
    { sql, values: ['é', Buffer.from([0, 255])] },
    { sql: 'DELETE FROM notes', values: [] }
  ],
  [{ sql: 'DELETE FROM notes', values: [] }],
  [{ sql, values: [2 ** 53, -0.5] }]
]

function logged(path: string, group: number): { bytes: Buffer; ends: number[] } {
  const log = new RedoLog(path)
  log.begin(group)
  const ends = records.map(record => {
    for (const { sql, values } of record) log.note(sql, values)
    log.append()
    return log.bytes
  })
  log.close()
  return { bytes: readFileSync(path), ends }
}

t.test('a log says what was written, in order', async t => {
  const path = join(folderOf(t), 'redo')
  logged(path, 7)
  t.same(readRedo(path, 7), records.flat())
  t.same(readRedo(path, 8), [], 'that group was committed')
  t.same(readRedo(`${path}-none`, 7), [])
})

t.test('a log that is cut off, or not whole, is read up to there', async t => {
  const { bytes, ends } = logged(join(folderOf(t), 'redo'), 7)
  const until = (end: number) => records.slice(0, ends.filter(each => each <= end).length).flat()
  for (let end = 0; end <= bytes.length; end++) {
    t.same(parseRedo(bytes.subarray(0, end), 7), until(end), `cut at ${end}`)
  }
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes)
    changed[at]! ^= 0x40
    t.same(parseRedo(changed, 7), until(at), `changed at ${at}`)
  }
})

t.test('of an older group nothing is taken that lies behind a shorter one', async t => {
  const path = join(folderOf(t), 'redo')
  logged(path, 7)
  const log = new RedoLog(path)
  log.begin(8)
  log.note(sql, [3, 4])
  log.append()
  log.close()
  t.same(readRedo(path, 8), [{ sql, values: [3, 4] }])
  t.same(readRedo(path, 7), [])
})

t.test('a record that is dropped leaves nothing, nor does its text', async t => {
  const path = join(folderOf(t), 'redo')
  const log = new RedoLog(path)
  log.begin(7)
  log.note('DELETE FROM other', [])
  t.equal(log.noted, true)
  log.drop()
  t.equal(log.noted, false)
  log.note(sql, [1, 2])
  log.append()
  log.close()
  t.same(readRedo(path, 7), [{ sql, values: [1, 2] }])
})

for (const [what, values] of [
  ['a large blob', [Buffer.alloc(300_000)]],
  ['a large text', ['x'.repeat(300_000)]],
  ['many values', Array.from({ length: 40_000 }, () => 1)],
  ['something else', [1n]]
] as const) {
  t.test(`no record holds ${what}`, async t => {
    const log = new RedoLog(join(folderOf(t), 'redo'))
    log.begin(7)
    log.note(sql, values)
    t.equal(log.whole, false)
    t.equal(log.noted, true)
    log.drop()
    t.equal(log.whole, true)
    log.close()
  })
}

for (const [what, bytes] of [
  ['an empty file', []],
  ['a length below a header', [0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]],
  ['a length beyond the file', [255, 255, 255, 255, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]],
  ['zeros', Array.from({ length: 64 }, () => 0)]
] as const) {
  t.test(`${what} is no log`, async t => {
    t.same(parseRedo(Buffer.from(bytes), 7), [])
    t.same(parseRedo(Buffer.from(bytes), 0), [])
  })
}
