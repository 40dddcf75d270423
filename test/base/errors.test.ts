import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { CairnError, toCairnError } from '../../src/base/errors.ts'

function thrownBy(work: () => unknown): unknown {
  try {
    return work()
  } catch (cause) {
    return cause
  }
}

const cases: ReadonlyArray<readonly [what: string, cause: () => unknown, code: string]> = [
  ['nothing at all', () => undefined, 'io'],
  ['text', () => 'trouble', 'io'],
  ['an error without a code', () => new Error('trouble'), 'io'],
  ['a code nobody knows', () => Object.assign(new Error('trouble'), { code: 'EWHAT' }), 'io'],
  ['a code named like a part of objects', () => ({ code: 'constructor' }), 'io'],
  ['a file that is not there', () => thrownBy(() => readFileSync('/no/such/file')), 'not-found'],
  ['a folder read as a file', () => thrownBy(() => readFileSync('/')), 'is-directory'],
  ['an abort', () => AbortSignal.abort().reason, 'aborted'],
  ['a timeout', () => new DOMException('late', 'TimeoutError'), 'timeout'],
  [
    'a query that is none',
    () => thrownBy(() => new DatabaseSync(':memory:').prepare('no query')),
    'io'
  ],
  [
    'a full disk below the database',
    () => Object.assign(new Error('full'), { errcode: 13 }),
    'no-space'
  ],
  [
    'an extended code of the database',
    () => Object.assign(new Error('x'), { errcode: 517 }),
    'busy'
  ]
]

for (const [what, cause, code] of cases) {
  t.test(`${what} is ${code}`, async t => {
    const thrown = cause()
    const error = toCairnError(thrown, 'cannot do it')
    t.match(error, { name: 'CairnError', code, message: /^cannot do it: / })
    t.equal(error.cause, thrown)
  })
}

t.test('an error that is one already stays as it is, with what it wants', async t => {
  const want = { kind: 'block', id: 'bafkqaaa' } as const
  const error = new CairnError('missing', 'not here', { want })
  t.equal(toCairnError(error, 'cannot do it'), error)
  t.same(error.want, want)
})

t.test('only what is not an everyday answer tells where it came from', t => {
  const limit = Error.stackTraceLimit
  t.notMatch(new CairnError('not-found', 'no such name').stack, /errors\.test/)
  t.match(new CairnError('io', 'the disk failed').stack, /errors\.test/)
  t.equal(Error.stackTraceLimit, limit)
  t.end()
})
