import t from 'tap'
import { parseRanges } from '../../src/base/byte-ranges.ts'
import { decide, holds, parseIf, parseTags } from '../../src/webdav/conditions.ts'
import { Dates } from '../../src/webdav/dates.ts'
import { encodeName, hrefOf, parsePath } from '../../src/webdav/path.ts'
import { Refusal } from '../../src/webdav/refuse.ts'
import { wholeView as all } from '../../src/webdav/view.ts'

t.test('paths that are taken', async t => {
  const paths = [
    ['/dav', '/'],
    ['/dav/', '/'],
    ['/dav/mfs/a%20b', '/mfs/a b/'],
    ['/dav//mfs//a/', '/mfs/a/'],
    ['/dav/mfs/a?x=/../y', '/mfs/a/'],
    ['/dav/mfs/%c3%a4', '/mfs/Ã¤/'],
    ['/dav/mfs/%23%3f%25%5c', '/mfs/#?%\\/'],
    ['/dav/mfs/...', '/mfs/.../']
  ] as const
  for (const [target, key] of paths) t.equal(parsePath(target, all).key, key, target)
  t.equal(
    hrefOf(all, parsePath('/dav/mfs/%C3%A4%20%23', all).names, true),
    '/dav/mfs/%C3%A4%20%23/'
  )
  t.equal(encodeName(parsePath('/dav/%ff', all).names[0]!), '%FF')
})

t.test('paths that are refused', async t => {
  const bad = [
    '/dav/%',
    '/dav/%0',
    '/dav/%zz',
    '/dav/mfs/%00',
    '/dav/mfs/a%2fb',
    '/dav/mfs/a%2Fb',
    '/dav/mfs/..',
    '/dav/mfs/.',
    '/dav/mfs/%2e%2e',
    '/dav/mfs/%2E./x',
    '/dav/mfs/a#b',
    `/dav/mfs/${'x'.repeat(256)}`
  ]
  for (const target of bad) refused(t, 400, () => parsePath(target, all), target.slice(0, 30))
  refused(t, 404, () => parsePath('/davx/a', all))
  t.equal(parsePath(`/dav${'/a'.repeat(256)}`, all).names.length, 256)
  refused(t, 414, () => parsePath(`/dav${'/a'.repeat(257)}`, all))
})

const nothing = {
  ifMatch: undefined,
  ifNoneMatch: undefined,
  ifModifiedSince: undefined,
  ifUnmodifiedSince: undefined,
  reads: true
}
const there = {
  exists: true,
  tags: ['"a"', '"old"'],
  modifiedMs: Date.parse('2026-01-02T03:04:05.678Z')
}
const absent = { exists: false, tags: [], modifiedMs: undefined }
const then = 'Fri, 02 Jan 2026 03:04:05 GMT'
const earlier = 'Fri, 02 Jan 2026 03:04:04 GMT'

t.test('conditions, in the order of RFC 9110', async t => {
  const cases = [
    [{}, there, 'go on'],
    [{ ifMatch: '"a"' }, there, 'go on'],
    [{ ifMatch: '"old"' }, there, 'go on'],
    [{ ifMatch: '"b", "a"' }, there, 'go on'],
    [{ ifMatch: 'W/"a"' }, there, 412],
    [{ ifMatch: '"b"' }, there, 412],
    [{ ifMatch: '*' }, there, 'go on'],
    [{ ifMatch: '*' }, absent, 412],
    [{ ifNoneMatch: '*' }, there, 304],
    [{ ifNoneMatch: '*', reads: false }, there, 412],
    [{ ifNoneMatch: '*', reads: false }, absent, 'go on'],
    [{ ifNoneMatch: 'W/"a"' }, there, 304],
    [{ ifNoneMatch: '"b"', ifModifiedSince: then }, there, 'go on'],
    [{ ifModifiedSince: then }, there, 304],
    [{ ifModifiedSince: earlier }, there, 'go on'],
    [{ ifModifiedSince: 'no date' }, there, 'go on'],
    [{ ifUnmodifiedSince: then }, there, 'go on'],
    [{ ifUnmodifiedSince: earlier }, there, 412],
    [{ ifMatch: '"a"', ifUnmodifiedSince: earlier }, there, 'go on']
  ] as const
  for (const [headers, now, decision] of cases) {
    t.equal(decide({ ...nothing, ...headers }, now), decision, JSON.stringify(headers))
  }
  t.strictSame(parseTags('"a" , W/"b",, "c,d"'), ['"a"', 'W/"b"', '"c,d"'])
  for (const bad of ['a', '"a', '"a" "b"', `"${'"'.repeat(9)}`]) {
    refused(t, 400, () => parseTags(bad), bad)
  }
})

t.test('the If header in every form', async t => {
  const state = { tags: ['"e"'], hasToken: (token: string) => token === 'urn:t' }
  const other = { tags: [], hasToken: () => false }
  const cases = [
    ['(<urn:t>)', true],
    ['(<urn:x>)', false],
    ['(<urn:x>) (<urn:t>)', true],
    ['(Not <urn:x>)', true],
    ['(not <urn:t>)', false],
    ['(["e"])', true],
    ['(["f"])', false],
    ['(<urn:t> ["e"])', true],
    ['(<urn:t> ["f"])', false],
    ['(<urn:t> Not ["f"])', true],
    ['</dav/other> (<urn:t>)', false],
    ['<http://h/dav/me> (<urn:t>)', true],
    ['(Not <DAV:no-lock>)', true],
    [' ( <urn:t>["e"] ) ', true]
  ] as const
  for (const [header, result] of cases) {
    const of = (url: string | undefined) =>
      url === undefined || url.endsWith('/me') ? state : other
    t.equal(holds(parseIf(header), of), result, header)
  }
  const bad = [
    '',
    '(',
    ')',
    '()',
    '(<a>',
    '<a>',
    '(<a>) x',
    '(Not)',
    '(Not Not <a>)',
    '((<a>))',
    '["e"]',
    '(<a',
    '(["e)',
    'Not (<a>)',
    '(<a>))',
    '('.repeat(8000),
    '(<a>'.repeat(2000)
  ]
  for (const header of bad) refused(t, 400, () => parseIf(header), header.slice(0, 20))
})

t.test('ranges', async t => {
  const one = (start: number, end: number) => [{ start, end }]
  const cases = [
    [undefined, 10, 'whole'],
    ['bytes=0-3', 10, one(0, 3)],
    ['bytes=5-', 10, one(5, 9)],
    ['bytes=-3', 10, one(7, 9)],
    ['bytes=-30', 10, one(0, 9)],
    ['bytes=5-99', 10, one(5, 9)],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=3-2', 10, 'whole'],
    ['bytes=a-b', 10, 'whole'],
    ['bytes=', 10, 'whole'],
    ['items=0-1', 10, 'whole'],
    [
      'bytes=0-1, 4-5',
      10,
      [
        { start: 0, end: 1 },
        { start: 4, end: 5 }
      ]
    ],
    ['bytes=0-1,20-', 10, one(0, 1)],
    ['bytes=0-,0-', 10, 'whole'],
    [`bytes=${'0-0,'.repeat(40)}0-0`, 100, 'whole'],
    [`bytes=${'9'.repeat(400)}-`, 10, 'whole']
  ] as const
  for (const [header, size, result] of cases) {
    t.strictSame(parseRanges(header, size), result, header?.slice(0, 30) ?? 'none')
  }
})

t.test('dates are as Date has them, within what can be said', async t => {
  const dates = new Dates()
  for (const moment of [0, -1, 951_782_400_123, 1_767_323_045_000, 1_767_323_046_999, -6e13]) {
    const date = new Date(moment)
    t.equal(dates.http(moment), date.toUTCString())
    t.equal(dates.iso(moment), `${date.toISOString().slice(0, 19)}Z`)
  }
  t.equal(dates.http(1e300), 'Fri, 31 Dec 9999 23:59:59 GMT')
  t.equal(dates.iso(-1e300), '0001-01-01T00:00:00Z')
})

function refused(t: Tap, status: number, work: () => unknown, what = ''): void {
  try {
    work()
    t.fail(`${what} was taken`)
  } catch (error) {
    t.equal(error instanceof Refusal && error.status, status, what)
  }
}
type Tap = Pick<typeof t, 'equal' | 'fail'>
