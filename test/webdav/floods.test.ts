import { request } from 'node:http'
import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import { ask, askHead, lockInfo } from './ask.ts'
import { type Served, serveDav } from './served.ts'

const file = '/dav/mfs/a'

/** Locks of depth 0 on as many paths, as `LOCK` leaves them. */
function fill({ database }: Served, count: number): void {
  const insert = 'INSERT INTO dav_locks VALUES (?, ?, 0, 1, ?, ?, 3600, ?, NULL)'
  database.write(() => {
    for (let index = 0; index < count; index += 1) {
      const path = `/mfs/f${index}`
      const until = Date.now() + 3_600_000
      database.statement(insert).run(`urn:uuid:${index}`, `${path}/`, '', `/dav${path}`, until)
    }
  })
}

t.test('with all the locks held that there may be, files are read, written and listed', async t => {
  const dav = await serveDav(t, t.testdir())
  const { port } = dav
  await ask(port, 'PUT', file, { body: 'text' })
  fill(dav, limits.davLocks)
  t.equal((await ask(port, 'LOCK', file, { body: lockInfo() })).status, 507)
  t.equal((await ask(port, 'PUT', file, { body: 'more' })).status, 204)
  t.equal((await ask(port, 'PUT', '/dav/mfs/f7', { body: 'x' })).status, 423)
  t.equal((await ask(port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })).status, 207)
  const root = await ask(port, 'LOCK', '/dav/mfs/', { body: lockInfo() })
  t.equal(root.status, 207, 'a lock of all is in the way of each')
  t.ok(root.bytes.byteLength < 1_000, 'and one is told')
  const token = { headers: { 'lock-token': '<urn:uuid:7>' } }
  t.equal((await ask(port, 'UNLOCK', '/dav/mfs/f7', token)).status, 204)
  t.equal((await ask(port, 'LOCK', file, { body: lockInfo() })).status, 200)
  t.strictSame(dav.faults, [])
})

t.test('a body that comes slowly, or not at all, keeps nobody waiting', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  const slow = ['PUT', 'PROPFIND', 'PROPPATCH', 'LOCK', 'MKCOL', 'REPORT', 'PATCH'].map(method => {
    const headers = {
      'content-length': 1_000,
      'content-type': 'application/xml',
      ...(method === 'PATCH'
        ? { 'content-type': 'application/x-sabredav-partialupdate', 'x-update-range': 'append' }
        : {})
    }
    const path = `/dav/mfs/${method}`
    const sent = request({ port, host: '127.0.0.1', method, path, headers, agent: false })
    sent.on('error', () => {})
    sent.write('<a')
    return sent
  })
  for (let index = 0; index < 50; index += 1) {
    t.equal((await ask(port, 'PUT', `/dav/mfs/f${index}`, { body: 'x' })).status, 201)
  }
  for (const sent of slow) sent.destroy()
  t.equal((await ask(port, 'GET', '/dav/mfs/PUT')).status, 404)
  t.strictSame(faults, [])
})

t.test('headers as long as they may be are answered', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', file, { body: 'text' })
  const long = 15_000
  const cases = [
    ['GET', { if: '(<urn:x>)'.repeat(long / 9) }, 412],
    ['GET', { if: '(Not <urn:x>)'.repeat(long / 13) }, 200],
    ['GET', { if: `${'<a>'.repeat(long / 3)}` }, 400],
    ['GET', { if: '('.repeat(long) }, 400],
    ['GET', { 'if-none-match': '"a",'.repeat(long / 4) }, 200],
    ['GET', { 'if-none-match': `"${'a'.repeat(long)}` }, 400],
    ['GET', { range: `bytes=${'0-0,'.repeat(long / 4)}0-0` }, 200],
    ['GET', { 'accept-encoding': 'gzip,'.repeat(long / 5) }, 200],
    ['PUT', { 'oc-checksum': 'SHA1:0 '.repeat(long / 7) }, 400],
    ['PUT', { digest: 'x,'.repeat(long / 2) }, 204],
    ['MOVE', { destination: `/dav/mfs/${'%41'.repeat(long / 3)}` }, 400],
    ['MOVE', { destination: `/dav/mfs/${'b/'.repeat(200)}` }, 409],
    ['MOVE', { destination: `/dav/mfs/${'b/'.repeat(long / 2)}` }, 414],
    ['LOCK', { timeout: 'Second-1, '.repeat(long / 10) }, 200]
  ] as const
  for (const [method, headers, status] of cases) {
    const body = method === 'LOCK' ? { body: lockInfo() } : method === 'PUT' ? { body: 'x' } : {}
    const answer = await ask(port, method, file, { headers, ...body })
    const shown = JSON.stringify(headers).slice(0, 40)
    t.equal(answer.status, status, `${method} ${shown}`)
    if (method === 'LOCK') await ask(port, 'UNLOCK', file, { headers: tokenOf(answer.headers) })
  }
  const many = Array.from({ length: 3_000 }, (_, index) => `X-${index}: 1\r\n`).join('')
  const head = await askHead(port, `GET ${file} HTTP/1.1\r\nHost: 127.0.0.1\r\n${many}\r\n`)
  t.match(head, / (431|200) /)
  t.strictSame(faults, [])
})

function tokenOf(headers: Readonly<Record<string, unknown>>) {
  return { 'lock-token': String(headers['lock-token']) }
}
