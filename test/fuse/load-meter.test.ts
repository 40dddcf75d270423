import t from 'tap'
import { LoadMeter, type LoadVerdict } from '../../src/fuse/load-meter.ts'

interface Load {
  readonly tookMs: number
  readonly apartMs: number
  readonly forMs: number
  /** Who asks, in turn. */
  readonly callers: readonly number[]
}

/** The first verdict on such requests. */
function verdictOn(
  { tookMs, apartMs, forMs, callers }: Load,
  use: 'reading' | 'writing' = 'writing'
): LoadVerdict {
  const meter = new LoadMeter(use)
  let count = 0
  for (let nowMs = 5000; nowMs < 5000 + forMs; nowMs += apartMs) {
    meter.take(nowMs, callers[count++ % callers.length]!)
    const verdict = meter.answered(nowMs + tookMs)
    if (verdict !== undefined) return verdict
  }
  return undefined
}

const kernel = 0
const one = [71]
const two = [71, 72]

t.test('when another thread would help, and when one is too many', async t => {
  const table: Array<[what: string, load: Load, verdict: LoadVerdict]> = [
    ['a short burst', { tookMs: 0.9, apartMs: 1, forMs: 900, callers: two }, undefined],
    ['lasting load of two callers', { tookMs: 0.9, apartMs: 1, forMs: 2000, callers: two }, 'more'],
    [
      'lasting load of one caller, who waits for each answer',
      { tookMs: 0.9, apartMs: 1, forMs: 2000, callers: one },
      'fewer'
    ],
    [
      'the same with releases and forgets of the kernel between',
      { tookMs: 0.9, apartMs: 1, forMs: 2000, callers: [71, kernel, 71, kernel] },
      'fewer'
    ],
    [
      'one program after the other, a hundred requests each',
      {
        tookMs: 0.9,
        apartMs: 1,
        forMs: 2000,
        callers: [...Array(100).fill(1), ...Array(100).fill(2)]
      },
      'fewer'
    ],
    [
      'two callers, quickly answered',
      { tookMs: 0.1, apartMs: 1, forMs: 60_000, callers: two },
      undefined
    ],
    [
      'few slow requests one after the other',
      { tookMs: 400, apartMs: 410, forMs: 3000, callers: one },
      'more'
    ],
    [
      'a slow request now and then',
      { tookMs: 400, apartMs: 10_000, forMs: 100_000, callers: one },
      undefined
    ]
  ]
  for (const [what, load, verdict] of table) t.equal(verdictOn(load), verdict, what)
  const burst = { tookMs: 0.9, apartMs: 1, forMs: 400, callers: two }
  t.equal(verdictOn(burst, 'reading'), 'more', 'a short burst, of two who only read')
})
