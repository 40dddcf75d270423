import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Arrivals } from '../../src/fuse/arrivals.ts'

/** A pipe in the place of the device, and work that says how often it was settled. */
function waiting(t: Test, options: { due?: boolean; withoutLibc?: boolean } = {}) {
  const path = join(t.testdir({}), 'device')
  execFileSync('mkfifo', [path])
  const device = openSync(path, constants.O_RDWR)
  t.teardown(() => closeSync(device))
  const work = {
    unsettled: false,
    due: options.due ?? false,
    settled: 0,
    settle: () => {
      work.unsettled = false
      work.settled++
    }
  }
  const arrivals = options.withoutLibc
    ? new Arrivals(device, work, () => undefined)
    : new Arrivals(device, work)
  return { device, work, arrivals }
}

t.test('while requests come one upon the other, nothing is settled', async t => {
  const { device, work, arrivals } = waiting(t)
  work.unsettled = true
  for (let count = 0; count < 10; count++) {
    writeSync(device, 'x')
    arrivals.wait(false)
    t.equal(readSync(device, Buffer.alloc(1)), 1)
  }
  t.equal(work.settled, 0)
})

t.test('when none comes it is settled, and then waited for one', async t => {
  const { device, work, arrivals } = waiting(t)
  work.unsettled = true
  const settle = work.settle
  work.settle = () => {
    settle()
    writeSync(device, 'x')
  }
  arrivals.wait(false)
  t.equal(work.settled, 1)
  t.equal(readSync(device, Buffer.alloc(1)), 1, 'it came back with the request')
})

t.test('a request that another thread took leaves nobody blocked', async t => {
  const { device, work, arrivals } = waiting(t)
  work.unsettled = true
  writeSync(device, 'x')
  arrivals.wait(false)
  readSync(device, Buffer.alloc(1))
  t.throws(() => readSync(device, Buffer.alloc(1)), { code: 'EAGAIN' })
  t.equal(work.unsettled, true)
})

t.test('what is due is settled though requests wait', async t => {
  const { device, work, arrivals } = waiting(t, { due: true })
  work.unsettled = true
  writeSync(device, 'x')
  arrivals.wait(false)
  t.equal(work.settled, 1)
})

t.test('without the C library each answer is settled before the next look', async t => {
  const { device, work, arrivals } = waiting(t, { withoutLibc: true })
  for (let count = 1; count < 4; count++) {
    work.unsettled = true
    writeSync(device, 'x')
    arrivals.wait(false)
    t.equal(work.settled, count)
    t.equal(readSync(device, Buffer.alloc(1)), 1)
  }
})
