import t from 'tap'
import { LoadMeter } from '../../src/fuse/load-meter.ts'

/** Requests that each take `tookMs` and are `apartMs` apart, for `forMs`; true once a thread is asked for. */
function asksForThread(tookMs: number, apartMs: number, forMs: number): boolean {
  const meter = new LoadMeter()
  for (let nowMs = 5000; nowMs < 5000 + forMs; nowMs += apartMs) {
    meter.take(nowMs)
    if (meter.answered(nowMs + tookMs)) return true
  }
  return false
}

t.test('when another thread would help', async t => {
  const table: Array<[what: string, took: number, apart: number, lasts: number, asks: boolean]> = [
    ['a short burst', 0.9, 1, 900, false],
    ['lasting load', 0.9, 1, 2000, true],
    ['one request at a time, quickly answered', 0.1, 1, 60_000, false],
    ['few slow requests one after the other', 400, 410, 3000, true],
    ['a slow request now and then', 400, 10_000, 100_000, false]
  ]
  for (const [what, took, apart, lasts, asks] of table) {
    t.equal(asksForThread(took, apart, lasts), asks, what)
  }
})
