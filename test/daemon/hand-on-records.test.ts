import t from 'tap'
import { RecordHanding } from '../../src/daemon/hand-on-records.ts'
import type { NamedRecord } from '../../src/names/api.ts'

const minute = 60_000
const hour = 60 * minute
const log = { info: () => {}, warn: () => {}, debug: () => {}, error: () => {} }

function setup() {
  const time = { nowMs: 1_000_000_000 }
  const told: string[] = []
  let held: NamedRecord[] = []
  const hold = (
    ...records: Array<{ name: string; text: string; isOwn: boolean; endMs?: number }>
  ) => {
    held = records.map(
      ({ text, endMs = time.nowMs + 100 * hour, ...record }) =>
        ({ ...record, endMs, bytes: Buffer.from(text) }) as unknown as NamedRecord
    )
  }
  const handing = new RecordHanding({
    names: { records: () => held },
    sinks: [
      { label: 'full', tell: () => Promise.reject(new Error('no room')) },
      {
        label: 'good',
        tell: async (name, record) => void told.push(`${name} ${Buffer.from(record)}`)
      }
    ],
    clock: { nowMs: () => time.nowMs },
    log: log as unknown as ConstructorParameters<typeof RecordHanding>[0]['log']
  })
  const tick = async () => {
    handing.tick()
    await new Promise(resolve => setImmediate(resolve))
    return told.splice(0).toSorted()
  }
  return { handing, time, hold, tick, told }
}

t.test('an own record is told as soon as it is made, by whichever process, and once', async t => {
  const { time, hold, tick, handing, told } = setup()
  hold({ name: 'mine', text: 'one', isOwn: true })
  t.strictSame(await tick(), ['mine one'])
  time.nowMs += 2 * minute
  await tick()
  hold({ name: 'mine', text: 'two', isOwn: true })
  t.strictSame(await tick(), ['mine two'], 'as "cairn key rotate" makes it, beside the daemon')
  t.strictSame(await tick(), [])
  handing.tell('mine', Buffer.from('three'))
  hold({ name: 'mine', text: 'three', isOwn: true })
  t.strictSame(await tick(), ['mine three'])
  t.strictSame(told, [], 'what was told by hand is not told twice')
})

t.test('records of others are handed on until they end', async t => {
  const { time, hold, tick } = setup()
  const endMs = time.nowMs + 10 * hour
  hold({ name: 'theirs', text: 'one', isOwn: false, endMs })
  t.strictSame(await tick(), ['theirs one'])
  t.strictSame(await tick(), [])
  time.nowMs += minute
  t.strictSame(await tick(), ['theirs one'], 'again soon: after a start nobody may be there yet')
  time.nowMs += 4 * hour - 1
  t.strictSame(await tick(), [])
  time.nowMs += 1
  t.strictSame(await tick(), ['theirs one'])
  time.nowMs = endMs
  t.strictSame(await tick(), [], 'it is over')
})

t.test('many records are not handed on all at once', async t => {
  const { hold, tick } = setup()
  hold(
    ...Array.from({ length: 10 }, (_, index) => ({ name: `n${index}`, text: 'x', isOwn: false }))
  )
  t.equal((await tick()).length, 4)
  t.equal((await tick()).length, 4)
  t.equal((await tick()).length, 2)
})
