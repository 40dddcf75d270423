import t from 'tap'
import { collectGarbage, RestMeter } from '../../src/daemon/rest.ts'

t.test('it is time to rest once work is over, and not again without more work', async t => {
  let cpuMs = 0
  const meter = new RestMeter(() => cpuMs, 60_000)
  const after = (spentMs: number): boolean => {
    cpuMs += spentMs
    return meter.look()
  }
  t.equal(after(500), false, 'nothing was done that is worth it')
  t.equal(after(30_000), false, 'busy')
  t.equal(after(1_300), false, 'still busy')
  t.equal(after(100), true, 'idle after work')
  meter.rested()
  t.equal(after(100), false, 'rested')
  t.equal(after(5_000), false)
  t.equal(after(0), true, 'idle again')
})

t.test(
  'after the start it is time as soon as nobody is served, however little was done',
  async t => {
    let cpuMs = 400
    const meter = new RestMeter(() => cpuMs, 2_000, 0)
    const after = (spentMs: number): boolean => {
      cpuMs += spentMs
      return meter.look()
    }
    t.equal(after(1_900), false, 'an installation began right after the start')
    t.equal(after(60), false)
    t.equal(after(10), true)
  }
)

t.test('what nobody refers to is given back', async t => {
  const forgotten = new WeakRef({ bytes: Buffer.alloc(1024 * 1024) })
  await new Promise(resolve => setImmediate(resolve))
  collectGarbage()
  t.equal(forgotten.deref(), undefined)
})
