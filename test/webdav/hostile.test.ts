import t from 'tap'
import { toName } from '../../src/base/names.ts'
import { ask, askHead, askRaw, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

const bare = (method: string, path: string, headers: string) =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`

/** CPU time since then, of the server and of this client: while the one thread works, others wait. */
function cpuSeconds(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

t.test('what is hostile is refused, and the next one is served', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', '/dav/mfs/a', { body: 'kept' })
  const headers = [
    ['GET', '/dav/%', {}, 400],
    ['GET', '/dav/mfs/%00', {}, 400],
    ['GET', '/dav/mfs/..%2f..%2fetc%2fpasswd', {}, 400],
    ['GET', '/dav/mfs/../../../etc/passwd', {}, 400],
    ['GET', '/dav/mfs/a', { if: '(<token>)' }, 412],
    ['GET', '/dav/mfs/a', { if: '((((' }, 400],
    ['PUT', '/dav/mfs/a', { 'if-match': 'nonsense' }, 400],
    ['PUT', '/dav/mfs/a', { 'content-range': 'bytes 0-1/2' }, 400],
    ['PUT', '/dav/mfs/a', { 'content-range': 'bytes 2-1/9' }, 400],
    ['MOVE', '/dav/mfs/a', { destination: '/dav/mfs/%zz' }, 400],
    ['MOVE', '/dav/mfs/a', { destination: 'http://evil.example/dav/mfs/b' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: 'ftp://x/dav/mfs/b' }, 400],
    ['MOVE', '/dav/mfs/a', {}, 400],
    ['MOVE', '/dav/mfs/a', { destination: '/etc/passwd' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: 'http://' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: 'http:///dav/mfs/b' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: 'http://127.0.0.1@evil.example/dav/mfs/b' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: 'http://[::1/dav/mfs/b' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: '//127.0.0.1/dav/mfs/b' }, 502],
    ['MOVE', '/dav/mfs/a', { destination: '/dav/mfs/../mfs/b' }, 400],
    ['MOVE', '/dav/mfs/a', { destination: '/dav/mfs/%2e%2E' }, 400],
    ['MOVE', '/dav/mfs/a', { destination: '/dav/mfs/b#c' }, 400],
    ['MOVE', '/dav/mfs/a', { destination: `/dav/mfs${'/b'.repeat(600)}` }, 414],
    ['COPY', '/dav/mfs/a', { destination: 'javascript:alert(1)' }, 400],
    ['PUT', '/dav/mfs/a', { 'content-encoding': 'gzip' }, 415],
    ['COPY', '/dav/mfs/a', { destination: '/dav/mfs/a' }, 403],
    ['COPY', '/dav/mfs/a', { destination: '/dav/mfs/a/b' }, 403],
    ['MOVE', '/dav/mfs/a', { destination: '/dav/mfs/b', overwrite: 'maybe' }, 400],
    ['MOVE', '/dav/mfs', { destination: '/dav/mfs2' }, 403],
    ['DELETE', '/dav/mfs', {}, 403],
    ['DELETE', '/dav', {}, 403],
    ['PROPFIND', '/dav/mfs', { depth: '7' }, 400],
    ['PROPFIND', '/dav', { depth: 'infinity' }, 403],
    ['PROPFIND', '/dav/ipfs', { depth: 'infinity' }, 403],
    ['UNLOCK', '/dav/mfs/a', {}, 400],
    ['UNLOCK', '/dav/mfs/a', { 'lock-token': '<urn:uuid:none>' }, 409],
    ['LOCK', '/dav/mfs/a', {}, 412],
    ['PATCH', '/dav/mfs/a', {}, 415],
    ['TRACE', '/dav/mfs/a', {}, 405],
    ['PUT', '/dav/pkg/b', {}, 403],
    ['LOCK', '/dav/ipfs/b', {}, 403],
    ['MKCOL', '/dav/ipfs/b', {}, 403],
    ['GET', '/dav/ipfs/not-a-cid', {}, 404],
    ['GET', '/dav/constructor', {}, 404],
    ['GET', '/dav/__proto__/x', {}, 404]
  ] as const
  for (const [method, path, sent, status] of headers) {
    const cpu = process.cpuUsage()
    const answer = await ask(port, method, path, { headers: sent })
    t.equal(answer.status, status, `${method} ${path} ${JSON.stringify(sent)}`)
    t.ok(cpuSeconds(cpu) < 1)
  }
  t.equal((await ask(port, 'GET', '/dav/mfs/a')).text, 'kept')
  t.strictSame(faults, [])
})

t.test('XML that is malformed, deep, wide, long or laden with entities', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  const many = 100_000
  const bodies = [
    ['<a', 400],
    ['<a></b>', 400],
    ['nothing', 400],
    ['<x:a/>', 400],
    ['<a b="1" b="2"/>', 400],
    [' ', 400],
    ['<a/><b/>', 400],
    ['<a>&unknown;</a>', 400],
    ['<a/>', 400],
    ['\0', 400],
    ['<D:propfind xmlns:D="DAV:"/>', 400],
    ['<D:propfind xmlns:D="DAV:"><D:prop/><D:allprop/></D:propfind>', 400],
    ['<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', 400],
    ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 400],
    ['<a>'.repeat(many), 400],
    [`<D:propfind xmlns:D="DAV:"><D:prop>${'<x/>'.repeat(many)}`, 400],
    [`<a>${'x'.repeat(2_000_000)}</a>`, 413],
    [Buffer.from([0x3c, 0x61, 0xff, 0x3e]), 400],
    [`<x:a xmlns:x="urn:${'x'.repeat(600_000)}">${'<x:b/>'.repeat(4_000)}</x:a>`, 400],
    [`<a xmlns:x="urn:${'x'.repeat(600_000)}"><b x:c="1"/></a>`, 400]
  ] as const
  for (const method of ['PROPFIND', 'PROPPATCH', 'LOCK']) {
    for (const [body, status] of bodies) {
      const before = process.memoryUsage().rss
      const cpu = process.cpuUsage()
      const answer = await ask(port, method, '/dav/mfs/', { body, headers: { depth: '0' } })
      const what = `${method} ${String(body).slice(0, 40)}`
      t.equal(answer.status, status, what)
      t.ok(process.memoryUsage().rss - before < 128 * 1024 * 1024, `${what}: memory`)
      t.ok(cpuSeconds(cpu) < 1, `${what}: nobody waits for it`)
    }
  }
  t.strictSame(faults, [])
})

t.test('lengths that lie, and bodies that never end', async t => {
  const { port, mfs, faults } = await serveDav(t, t.testdir())
  const huge = 'Content-Length: 100000000000\r\n'
  t.match(await askRaw(port, bare('PROPFIND', '/dav/mfs/', huge)), ' 413 ')
  t.match(await askRaw(port, bare('LOCK', '/dav/mfs/a', huge)), ' 413 ')
  t.match(await askRaw(port, bare('MKCOL', '/dav/mfs/a', 'Content-Length: -1\r\n')), ' 400 ')
  t.match(await askRaw(port, bare('PUT', '/dav/mfs/none/a', huge)), ' 409 ')
  t.match(await askRaw(port, bare('GET', '/dav/mfs/', `X: ${'x'.repeat(100_000)}\r\n`)), ' 431 ')
  t.equal((await ask(port, 'GET', '/dav/mfs/')).status, 200)
  mfs.readDirectory(
    mfs.root,
    { cookie: 0, withAttributes: false },
    () => t.fail('an entry') ?? false
  )
  t.strictSame(faults, [])
})

t.test('shared locks on one path are bounded in number', async t => {
  const { port } = await serveDav(t, t.testdir())
  const statuses = new Set<number>()
  await ask(port, 'PUT', '/dav/mfs/a', { body: 'x' })
  for (let index = 0; index < 257; index += 1) {
    const answer = await ask(port, 'LOCK', '/dav/mfs/a', { body: lockInfo('shared') })
    statuses.add(answer.status)
  }
  t.strictSame([...statuses], [200, 507])
})

t.test('the owner of a lock, which every member of a folder shows, is short', async t => {
  const { port } = await serveDav(t, t.testdir())
  const body = lockInfo().replace('>me<', `>${'x'.repeat(3_000)}<`)
  t.equal((await ask(port, 'LOCK', '/dav/mfs/', { body })).status, 413)
})

t.test('what a mount can make of names and times does not end a listing', async t => {
  const { port, mfs, faults } = await serveDav(t, t.testdir())
  const caller = { uid: 1, gid: 1 }
  const target = Buffer.from('x'.repeat(300))
  mfs.makeSymlink(mfs.root, toName('long'), target, caller)
  for (const [name, seconds] of [
    ['late', 2 ** 45],
    ['early', -(2 ** 45)]
  ] as const) {
    const { ino } = mfs.makeNode(mfs.root, toName(name), 0o100644, 0, caller)
    mfs.change(ino, { mtime: { seconds, nanoseconds: 0 } }, caller)
  }
  const listed = await ask(port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })
  t.equal(listed.status, 207)
  t.match(listed.text, 'Fri, 31 Dec 9999 23:59:59 GMT')
  t.match(listed.text, '<D:creationdate>0001-01-01T00:00:00Z<')
  t.notMatch(listed.text, 'long')
  t.match((await ask(port, 'GET', '/dav/mfs/')).text, '9999-12-31')
  t.equal((await ask(port, 'GET', '/dav/mfs/late')).status, 200)
  t.strictSame(faults, [])
})

t.test('a request that is refused keeps its connection, unless a long body is unread', async t => {
  const { port } = await serveDav(t, t.testdir())
  const refused = [
    ['GET', '/dav/%', ''],
    ['PROPFIND', '/dav/mfs/none', 'Content-Length: 0\r\n'],
    ['PUT', '/dav/mfs/none/a', 'Content-Length: 100000\r\n'],
    ['PUT', '/dav/mfs/none/a', 'Transfer-Encoding: chunked\r\n']
  ] as const
  const closed = []
  for (const [method, path, headers] of refused) {
    const head = await askHead(port, bare(method, path, headers))
    closed.push(/^connection: close/im.test(head))
  }
  t.strictSame(closed, [false, false, true, true])
})

t.test('what is read-only says so to every method that would write', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', '/dav/mfs/a', { body: 'kept' })
  const update =
    '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a/></D:prop></D:set></D:propertyupdate>'
  const partial = {
    'content-type': 'application/x-sabredav-partialupdate',
    'x-update-range': 'append'
  }
  for (const tree of ['ipfs', 'ipns', 'pkg']) {
    const inside = `/dav/${tree}/name/file`
    const writes = [
      ['PUT', inside, { body: 'x' }],
      ['PATCH', inside, { body: 'x', headers: partial }],
      ['MKCOL', inside, {}],
      ['DELETE', inside, {}],
      ['LOCK', inside, { body: lockInfo() }],
      ['PROPPATCH', inside, { body: update }],
      ['MOVE', inside, { headers: { destination: '/dav/mfs/b' } }],
      ['MOVE', '/dav/mfs/a', { headers: { destination: inside } }],
      ['COPY', '/dav/mfs/a', { headers: { destination: inside } }]
    ] as const
    for (const [method, path, question] of writes) {
      const answer = await ask(port, method, path, question)
      t.equal(answer.status, 403, `${method} ${path}`)
      t.match(answer.text, '<D:need-privileges/>', `${method} ${path}`)
    }
  }
  t.equal((await ask(port, 'GET', '/dav/mfs/a')).text, 'kept')
  t.strictSame(faults, [])
})
