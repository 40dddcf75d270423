import t from 'tap'
import type { Digest } from '../../src/base/digest.ts'
import { decide, isWorthFinishing, mayServeStale, meaningOf } from '../../src/pull/decide.ts'

const same: Digest = 'sha256:aa'
const other: Digest = 'sha256:bb'
const immutable = { freshness: { kind: 'immutable' } } as const
const mutable = { freshness: { kind: 'mutable', maxAgeMs: 100 } } as const
const held = { digests: [same], validatedMs: 1000 }

t.test('what to do with a request', async t => {
  for (const [why, wanted, item, expected, nowMs, decision] of [
    ['nothing is held', immutable, undefined, undefined, 1000, 'fetch'],
    ['an immutable item, however old', immutable, held, undefined, 1e15, 'serve'],
    ['a young mutable one', mutable, held, undefined, 1099, 'serve'],
    ['an old mutable one', mutable, held, undefined, 1100, 'revalidate'],
    ['a clock that was set back', mutable, held, undefined, 10, 'revalidate'],
    ['an old one that the index still names', mutable, held, same, 1e15, 'serve'],
    ['a young one whose index names other bytes', mutable, held, other, 1001, 'fetch'],
    ['an immutable one whose index names other bytes', immutable, held, other, 1001, 'fetch'],
    ['a digest of a kind that was not made', mutable, held, 'sha512:cc', 1001, 'serve'],
    ['the same, and never looked at again else', immutable, held, 'sha512:cc', 1001, 'fetch']
  ] as const) {
    const expectation = expected === undefined ? undefined : { digest: expected, bytes: undefined }
    t.equal(decide({ wanted, held: item, expected: expectation, nowMs }), decision, why)
  }
})

t.test('what is held may be served stale unless it is known to be wrong', async t => {
  t.equal(mayServeStale({ held: undefined, expected: undefined }), false)
  t.equal(mayServeStale({ held, expected: undefined }), true)
  t.equal(mayServeStale({ held, expected: { digest: same, bytes: 1 } }), true)
  t.equal(mayServeStale({ held, expected: { digest: other, bytes: 1 } }), false)
})

t.test('what a status means', async t => {
  for (const [status, meaning] of [
    [200, 'body'],
    [206, 'rest'],
    [304, 'not-modified'],
    [404, 'not-found'],
    [410, 'not-found'],
    [408, 'again'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
    [401, 'refused'],
    [403, 'refused'],
    [302, 'refused'],
    [204, 'refused']
  ] as const) {
    t.equal(meaningOf(status), meaning, `${status}`)
  }
})

t.test('a flight without readers is worth finishing', async t => {
  t.equal(isWorthFinishing(0, undefined, 10), false, 'not when its end is not known')
  t.equal(isWorthFinishing(0, 10, 10), true, 'when it is small')
  t.equal(isWorthFinishing(0, 11, 10), false, 'not when it has just begun')
  t.equal(isWorthFinishing(50, 100, 10), true, 'when it is half done')
})
