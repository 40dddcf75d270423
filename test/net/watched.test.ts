import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { CairnError } from '../../src/base/errors.ts'
import { watched } from '../../src/net/watched.ts'

const KiB = 1024

/** A body whose pieces come when the test says so, in a time that the test lets pass. */
function open(t: Pick<Test, 'teardown'>) {
  let nowMs = 0
  mock.timers.enable({ apis: ['setTimeout'] })
  const clock = mock.method(performance, 'now', () => nowMs)
  t.teardown(() => {
    mock.timers.reset()
    clock.mock.restore()
  })
  let give: (bytes: number) => void = () => {}
  async function* pieces() {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<number>()
      give = resolve
      yield new Uint8Array(await promise)
    }
  }
  const ended: CairnError[] = []
  const body = watched('it', pieces(), why => void ended.push(why))
  const pass = (ms: number) => {
    nowMs += ms
    mock.timers.tick(ms)
  }
  /** Somebody waits so long for a piece of so many bytes. */
  const wait = async (ms: number, bytes: number) => {
    const next = body.next()
    pass(ms)
    give(bytes)
    await next
  }
  return { ended, pass, wait }
}

t.test('nothing for five seconds is too slow, and so is a trickle', async t => {
  const silent = open(t)
  await silent.wait(5_001, 100 * KiB)
  t.match(silent.ended, [{ code: 'timeout' }])
})

t.test(
  'sixteen kibibytes every five seconds hold a transfer for a minute, not for ever',
  async t => {
    const { ended, wait } = open(t)
    for (let time = 0; time < 12; time++) await wait(4_900, 16 * KiB)
    t.equal(ended.length, 0)
    await wait(4_900, 16 * KiB)
    t.match(ended, [{ code: 'timeout', message: /it stopped sending/ }])
  }
)

t.test('a slow line that goes on is not', async t => {
  const { ended, wait } = open(t)
  for (let time = 0; time < 200; time++) await wait(4_900, 100 * KiB)
  t.equal(ended.length, 0)
})

t.test('the time in which nobody waits does not count', async t => {
  const { ended, pass, wait } = open(t)
  for (let time = 0; time < 20; time++) {
    await wait(100, 1 * KiB)
    pass(100_000)
  }
  t.equal(ended.length, 0)
})
