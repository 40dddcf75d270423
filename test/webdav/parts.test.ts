import { createHash } from 'node:crypto'
import { request } from 'node:http'
import t from 'tap'
import { ask, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

const file = '/dav/mfs/a'
const partial = 'application/x-sabredav-partialupdate'

t.test('a part is put into what stands there, sealed or not', async t => {
  const { port, mfs, faults } = await serveDav(t, t.testdir())
  const put = async (range: string, body: string) => {
    const headers = { 'content-range': range }
    return (await ask(port, 'PUT', file, { headers, body })).status
  }
  const now = async () => (await ask(port, 'GET', file)).text
  t.equal(await put('bytes 0-3/10', 'abcd'), 201, 'the first part makes the file')
  t.equal(await put('bytes 4-9/10', 'efghij'), 204)
  t.equal(await now(), 'abcdefghij')
  await mfs.seal()
  t.equal(await put('bytes 2-3/*', 'XY'), 204)
  t.equal(await now(), 'abXYefghij')
  t.equal(await put('bytes 11-11/12', 'z'), 416, 'no hole is made')
  t.equal(await put('bytes 0-3/10', 'abc'), 400, 'shorter than its range')
  t.equal(await put('bytes 0-3/10', 'abcde'), 400, 'longer')
  for (const range of ['bytes 3-0/9', 'bytes 0-9/9', 'bytes=0-1', 'lines 0-1/2', 'bytes */9']) {
    t.equal(await put(range, 'ab'), 400, range)
  }
  t.equal(await now(), 'abXYefghij')
  const later = { headers: { 'content-range': 'bytes 4-7/8' }, body: 'efgh' }
  t.equal((await ask(port, 'PUT', '/dav/mfs/none', later)).status, 404)
  t.strictSame(faults, [])
})

t.test('PATCH with X-Update-Range, as sabre has it', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', file, { body: '0123456789' })
  const patch = (range: string, body: string, more = {}) =>
    ask(port, 'PATCH', file, {
      headers: { 'content-type': partial, 'x-update-range': range, ...more },
      body
    })
  const cases = [
    ['bytes=3-4', 'ab', '012ab56789'],
    ['bytes=8-', 'cdef', '012ab567cdef'],
    ['bytes=-2', 'gh', '012ab567cdgh'],
    ['append', 'ij', '012ab567cdghij'],
    ['bytes=0-0', 'z', 'z12ab567cdghij']
  ] as const
  for (const [range, body, whole] of cases) {
    const { status, headers } = await patch(range, body)
    t.strictSame([status, (await ask(port, 'GET', file)).text], [204, whole], range)
    t.equal((await ask(port, 'HEAD', file)).headers.etag, headers.etag)
  }
  t.equal((await patch('bytes=3-4', 'abc')).status, 416, 'not as long as the range')
  t.equal((await patch('bytes=99-', 'abc')).status, 416, 'after the end')
  t.equal((await patch('', 'abc')).status, 400)
  t.equal((await patch('bytes=a-b', 'abc')).status, 400)
  t.equal((await patch('append', 'abc', { 'content-type': 'text/plain' })).status, 415)
  t.equal((await patch('append', 'abc', { 'transfer-encoding': 'chunked' })).status, 411)
  t.equal((await patch('append', 'abc', { 'if-match': '"other"' })).status, 412)
  const headers = { 'content-type': partial, 'x-update-range': 'append' }
  t.equal((await ask(port, 'PATCH', '/dav/mfs/none', { headers, body: 'x' })).status, 404)
  t.equal((await ask(port, 'PATCH', '/dav/mfs/', { headers, body: 'x' })).status, 403)
  await ask(port, 'LOCK', file, { body: lockInfo() })
  t.equal((await patch('append', 'abc')).status, 423)
  t.match((await ask(port, 'OPTIONS', file)).headers, {
    dav: /sabredav-partialupdate/,
    'accept-patch': partial,
    allow: /PATCH/
  })
  t.equal((await ask(port, 'GET', file)).text, 'z12ab567cdghij')
  t.strictSame(faults, [])
})

t.test('a part that is cut off changes nothing', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', file, { body: '0123456789' })
  const headers = { 'content-range': 'bytes 0-9/10', 'content-length': 10 }
  const sent = request({ port, host: '127.0.0.1', method: 'PUT', path: file, headers })
  const cut = new Promise(resolve => sent.on('error', resolve))
  sent.write('abc', () => sent.destroy(new Error('cut')))
  await cut
  t.equal((await ask(port, 'GET', file)).text, '0123456789')
  t.strictSame(faults, [])
})

t.test('a body that is not what its checksum says is refused, and the old file kept', async t => {
  const { port } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', file, { body: 'old' })
  const of = (algorithm: string, text: string, encoding: 'hex' | 'base64') =>
    createHash(algorithm).update(text).digest(encoding)
  const promises = (text: string) => [
    ['oc-checksum', `SHA1:${of('sha1', text, 'hex')}`],
    [
      'oc-checksum',
      `MD5:${of('md5', text, 'hex').toUpperCase()} SHA256:${of('sha256', text, 'hex')}`
    ],
    ['digest', `sha-256=${of('sha256', text, 'base64')}`],
    ['digest', `unixsum=30637, md5=${of('md5', text, 'base64')}`],
    ['content-digest', `sha-256=:${of('sha256', text, 'base64')}:`],
    ['repr-digest', `sha-512=:${of('sha512', text, 'base64')}:`],
    ['content-md5', of('md5', text, 'base64')]
  ]
  for (const [header = '', value = ''] of promises('other')) {
    const refused = await ask(port, 'PUT', file, { body: 'new', headers: { [header]: value } })
    t.equal(refused.status, 400, `${header}: ${value}`)
    t.match(refused.text, header)
    t.equal((await ask(port, 'GET', file)).text, 'old')
  }
  for (const [header = '', value = ''] of promises('new')) {
    const taken = await ask(port, 'PUT', file, { body: 'new', headers: { [header]: value } })
    t.equal(taken.status, 204, `${header}: ${value}`)
  }
  for (const value of ['Adler32:0', 'nonsense', ':', 'SHA1', '__proto__:00']) {
    const headers = { 'oc-checksum': value }
    t.equal((await ask(port, 'PUT', file, { body: 'x', headers })).status, 204, value)
  }
})

const mkcol = (properties: string) =>
  `<D:mkcol xmlns:D="DAV:" xmlns:x="urn:x"><D:set><D:prop>${properties}</D:prop></D:set></D:mkcol>`

t.test('a collection is made with its properties, or not at all', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  const make = (path: string, properties: string) =>
    ask(port, 'MKCOL', path, {
      headers: { 'content-type': 'application/xml' },
      body: mkcol(properties)
    })
  const plain = '<D:resourcetype><D:collection/></D:resourcetype>'
  t.equal((await make('/dav/mfs/one', `${plain}<x:colour>red</x:colour>`)).status, 201)
  const { text } = await ask(port, 'PROPFIND', '/dav/mfs/one', { headers: { depth: '0' } })
  t.match(text, '<N:colour xmlns:N="urn:x">red</N:colour>')
  const refused = await make('/dav/mfs/two', '<D:getetag>"x"</D:getetag><x:colour/>')
  t.equal(refused.status, 403)
  t.match(refused.text, /<D:mkcol-response.*403 Forbidden.*cannot-modify.*424 /s)
  const calendar = '<D:resourcetype><D:collection/><x:calendar/></D:resourcetype>'
  const other = await make('/dav/mfs/two', calendar)
  t.equal(other.status, 403)
  t.match(other.text, '<D:valid-resourcetype/>')
  t.equal((await ask(port, 'GET', '/dav/mfs/two')).status, 404)
  t.equal((await make('/dav/mfs/one', plain)).status, 405)
  const wrong = { headers: { 'content-type': 'text/xml' }, body: '<x/>' }
  t.equal((await ask(port, 'MKCOL', '/dav/mfs/two', wrong)).status, 400)
  t.equal((await ask(port, 'MKCOL', '/dav/mfs/two', { body: 'text' })).status, 415)
  t.match((await ask(port, 'OPTIONS', '/dav/mfs/')).headers.dav, 'extended-mkcol')
  t.strictSame(faults, [])
})
