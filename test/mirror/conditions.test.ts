import t from 'tap'
import { isNotModified, rangeOf } from '../../src/mirror/conditions.ts'

const lastModified = 'Tue, 01 Apr 2025 08:00:00 GMT'
const version = { etag: '"v"', lastModified }

t.test('whether the client has this version already', async t => {
  for (const [headers, expected] of [
    [{}, false],
    [{ 'if-modified-since': lastModified }, true],
    [{ 'if-modified-since': 'Tue, 01 Apr 2025 08:00:01 GMT' }, false],
    [{ 'if-modified-since': 'Tue, 01 Apr 2025 07:59:59 GMT' }, false],
    [{ 'if-modified-since': 'yesterday' }, false],
    [{ 'if-none-match': '"v"' }, true],
    [{ 'if-none-match': '"u", W/"v"' }, true],
    [{ 'if-none-match': '*' }, true],
    [{ 'if-none-match': '"u"', 'if-modified-since': lastModified }, false]
  ] as const) {
    t.equal(isNotModified(headers, version), expected, JSON.stringify(headers))
  }
})

t.test('the one range asked for', async t => {
  for (const [range, expected] of [
    [undefined, undefined],
    ['bytes=0-', { start: 0, end: 100 }],
    ['bytes=40-', { start: 40, end: 100 }],
    ['bytes=40-49', { start: 40, end: 50 }],
    ['bytes=40-1000', { start: 40, end: 100 }],
    ['bytes=-10', { start: 90, end: 100 }],
    ['bytes=-1000', { start: 0, end: 100 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=9-3', undefined],
    ['bytes=0-1,5-6', undefined],
    ['bytes=-', undefined],
    ['items=0-1', undefined],
    [`bytes=${'9'.repeat(400)}-`, undefined]
  ] as const) {
    const headers = range === undefined ? {} : { range }
    t.same(rangeOf(headers, 100, version), expected, range ?? 'none')
  }
})

t.test('a range of another version is not sent', async t => {
  const ask = (condition: string): unknown =>
    rangeOf({ range: 'bytes=5-', 'if-range': condition }, 100, version)
  t.same(ask(lastModified), { start: 5, end: 100 })
  t.same(ask('"v"'), { start: 5, end: 100 })
  t.equal(ask('"u"'), undefined)
  t.equal(ask('Tue, 01 Apr 2025 08:00:01 GMT'), undefined)
})
