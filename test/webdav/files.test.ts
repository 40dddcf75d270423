import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { request } from 'node:http'
import t from 'tap'
import { toName } from '../../src/base/names.ts'
import { checkMfs } from '../../src/vfs/mfs/check.ts'
import { ask, lockInfo } from './ask.ts'
import { type Served, serveDav } from './served.ts'

const caller = { uid: 1, gid: 1 }

t.test('an aborted PUT changes nothing and leaves nothing', async t => {
  const dav = await serveDav(t, t.testdir())
  await ask(dav.port, 'PUT', '/dav/mfs/a', { body: 'old' })
  const before = await inodes(dav)
  const headers = { 'content-length': 1_000_000 }
  const path = '/dav/mfs/a'
  const sent = request({ port: dav.port, host: '127.0.0.1', method: 'PUT', path, headers })
  sent.on('error', () => {})
  sent.write(Buffer.alloc(200_000))
  await until(async () => (await inodes(dav)) > before)
  sent.destroy()
  await until(async () => (await inodes(dav)) === before)
  t.equal((await ask(dav.port, 'GET', '/dav/mfs/a')).text, 'old')
  t.strictSame(dav.faults, [])
})

t.test('who reads the old file reads it to its end while a new one takes its place', async t => {
  const dav = await serveDav(t, t.testdir())
  const [before, after] = [Buffer.alloc(8_000_000, 'a'), Buffer.alloc(8_000_000, 'b')]
  await ask(dav.port, 'PUT', '/dav/mfs/a', { body: before })
  const reading = request({ port: dav.port, host: '127.0.0.1', path: '/dav/mfs/a' }).end()
  const [response] = await once(reading, 'response')
  await ask(dav.port, 'PUT', '/dav/mfs/a', { body: after })
  const pieces: Buffer[] = []
  for await (const piece of response) pieces.push(piece)
  t.ok(Buffer.concat(pieces).equals(before))
  t.ok((await ask(dav.port, 'GET', '/dav/mfs/a')).bytes.equals(after))
})

t.test(
  'a file over the 50,000,000 bytes that Windows stops at goes in, and comes out from any byte',
  async t => {
    const { port, faults } = await serveDav(t, t.testdir())
    const body = Buffer.alloc(50_000_001, 'x')
    body.write('end', body.byteLength - 3)
    t.equal((await ask(port, 'PUT', '/dav/mfs/large', { body })).status, 201)
    const end = { headers: { range: 'bytes=-3' } }
    t.equal((await ask(port, 'GET', '/dav/mfs/large', end)).text, 'end')
    t.ok((await ask(port, 'GET', '/dav/mfs/large')).bytes.equals(body))
    t.strictSame(faults, [])
  }
)

t.test('parallel writers of one file: one of the bodies, whole', async t => {
  const dav = await serveDav(t, t.testdir())
  const bodies = ['a', 'b', 'c', 'd'].map(letter => letter.repeat(300_000))
  const answers = await Promise.all(
    bodies.map(body => ask(dav.port, 'PUT', '/dav/mfs/a', { body }))
  )
  t.strictSame(answers.map(({ status }) => status).sort(), [201, 204, 204, 204])
  t.ok(bodies.includes((await ask(dav.port, 'GET', '/dav/mfs/a')).text))
})

t.test('tags: the CID once sealed, and the one before goes on to count', async t => {
  const dav = await serveDav(t, t.testdir())
  const made = await ask(dav.port, 'PUT', '/dav/mfs/a', { body: 'text' })
  const draft = made.headers.etag ?? ''
  t.match(draft, /^"[\w-]+"$/)
  await dav.mfs.seal()
  const sealed = (await ask(dav.port, 'HEAD', '/dav/mfs/a')).headers.etag ?? ''
  t.match(sealed, /^"baf/)
  for (const tag of [draft, sealed]) {
    const headers = { 'if-none-match': tag }
    const same = await ask(dav.port, 'GET', '/dav/mfs/a', { headers })
    t.strictSame([same.status, same.headers.etag], [304, tag], 'of what the client holds')
  }
  const again = await ask(dav.port, 'PUT', '/dav/mfs/a', {
    body: 'more',
    headers: { 'if-match': draft }
  })
  t.equal(again.status, 204)
  t.not(again.headers.etag, draft)
  const late = { body: 'late', headers: { 'if-match': sealed } }
  t.equal((await ask(dav.port, 'PUT', '/dav/mfs/a', late)).status, 412)
  const fresh = { body: 'x', headers: { 'if-none-match': '*' } }
  t.equal((await ask(dav.port, 'PUT', '/dav/mfs/a', fresh)).status, 412)
})

t.test('ranges: one, several, none that fits; If-Range', async t => {
  const { port, mfs } = await serveDav(t, t.testdir())
  const { headers } = await ask(port, 'PUT', '/dav/mfs/a', { body: '0123456789' })
  const get = (sent: Record<string, string>) => ask(port, 'GET', '/dav/mfs/a', { headers: sent })
  const one = await get({ range: 'bytes=2-4' })
  t.strictSame([one.status, one.text, one.headers['content-range']], [206, '234', 'bytes 2-4/10'])
  const several = await get({ range: 'bytes=0-1,-2' })
  t.equal(several.status, 206)
  t.match(several.headers['content-type'], /^multipart\/byteranges; boundary=/)
  t.match(several.text, /content-range: bytes 0-1\/10\r\n\r\n01\r\n--/)
  t.match(several.text, /content-range: bytes 8-9\/10\r\n\r\n89\r\n--/)
  t.equal(several.bytes.byteLength, Number(several.headers['content-length']))
  t.equal((await get({ range: 'bytes=10-' })).status, 416)
  t.equal((await get({ range: 'bytes=0-1', 'if-range': String(headers.etag) })).status, 206)
  t.equal((await get({ range: 'bytes=0-1', 'if-range': '"other"' })).text, '0123456789')
  await mfs.seal()
  const before = { range: 'bytes=0-1', 'if-range': String(headers.etag) }
  t.equal((await get(before)).status, 206, 'a part goes on after the file was sealed')
  await ask(port, 'PUT', '/dav/mfs/empty', { body: '' })
  t.strictSame((await ask(port, 'GET', '/dav/mfs/empty')).bytes.byteLength, 0)
})

t.test('locks outlast the server, bind the next one, and end by the clock', async t => {
  const home = t.testdir()
  const time = { ms: 1_800_000_000_000 }
  const clock = { nowMs: () => time.ms }
  const first = await serveDav(t, home, { clock })
  const taken = await ask(first.port, 'LOCK', '/dav/mfs/a', {
    body: lockInfo(),
    headers: { timeout: 'Second-100' }
  })
  t.equal(taken.status, 201)
  const token = String(taken.headers['lock-token'])
  await first.close()
  const { port } = await serveDav(t, home, { clock })
  const put = (headers: Record<string, string> = {}) =>
    ask(port, 'PUT', '/dav/mfs/a', { body: 'x', headers })
  t.equal((await put()).status, 423)
  t.equal((await put({ if: `(${token})` })).status, 204)
  time.ms += 99_000
  const refreshed = await ask(port, 'LOCK', '/dav/mfs/a', {
    headers: { if: `(${token})`, timeout: 'Second-100' }
  })
  t.match(refreshed.text, '<D:timeout>Second-100</D:timeout>')
  time.ms += 99_000
  t.equal((await put()).status, 423)
  time.ms += 1_001
  t.equal((await put()).status, 204)
})

t.test(
  'COPY of what is sealed shares it; properties go along, and with MOVE, and with a mount',
  async t => {
    const { port, mfs } = await serveDav(t, t.testdir())
    await ask(port, 'MKCOL', '/dav/mfs/from')
    await ask(port, 'PUT', '/dav/mfs/from/a', { body: 'text' })
    const set =
      '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><c xmlns="urn:x">red</c></D:prop></D:set></D:propertyupdate>'
    t.equal((await ask(port, 'PROPPATCH', '/dav/mfs/from/a', { body: set })).status, 207)
    const to = (destination: string) => ({ headers: { destination } })
    t.equal((await ask(port, 'COPY', '/dav/mfs/from', to('/dav/mfs/copy'))).status, 201)
    t.equal((await ask(port, 'COPY', '/dav/mfs/from', to('/dav/mfs/copy'))).status, 204)
    t.equal((await ask(port, 'MOVE', '/dav/mfs/from', to('/dav/mfs/moved'))).status, 201)
    mfs.rename(mfs.root, toName('moved'), mfs.root, toName('again'), { mode: 'replace' })
    const tag = async (path: string) => (await ask(port, 'HEAD', path)).headers.etag
    await mfs.seal()
    t.equal(await tag('/dav/mfs/copy/a'), await tag('/dav/mfs/again/a'))
    for (const path of ['/dav/mfs/copy/a', '/dav/mfs/again/a']) {
      const { text } = await ask(port, 'PROPFIND', path, { headers: { depth: '0' } })
      t.match(text, '<N:c xmlns:N="urn:x">red</N:c>', path)
    }
    t.equal((await ask(port, 'PUT', '/dav/mfs/copy/a', { body: 'own' })).status, 204)
    t.equal((await ask(port, 'GET', '/dav/mfs/again/a')).text, 'text')
    const none = { headers: { destination: '/dav/mfs/again', overwrite: 'F' } }
    t.equal((await ask(port, 'MOVE', '/dav/mfs/copy', none)).status, 412)
    t.equal((await ask(port, 'DELETE', '/dav/mfs/copy')).status, 204)
    t.equal((await ask(port, 'GET', '/dav/mfs/copy/a')).status, 404)
  }
)

t.test('sealed content is read under its CID, and nothing is written there', async t => {
  const { port, mfs } = await serveDav(t, t.testdir())
  await ask(port, 'MKCOL', '/dav/mfs/d')
  await ask(port, 'PUT', '/dav/mfs/d/a', { body: 'text' })
  const { cid } = await mfs.seal()
  const path = `/dav/ipfs/${cid}/d/a`
  const listed = async () =>
    (await ask(port, 'PROPFIND', '/dav/ipfs/', { headers: { depth: '1' } })).text
  t.notMatch(await listed(), cid.toString())
  const read = await ask(port, 'GET', path)
  t.strictSame([read.status, read.text], [200, 'text'])
  t.match(await listed(), `<D:href>/dav/ipfs/${cid}/</D:href>`, 'what was visited can be entered')
  t.equal(
    (await ask(port, 'PROPFIND', `/dav/ipfs/${cid}/`, { headers: { depth: '1' } })).status,
    207
  )
  for (const method of ['PUT', 'DELETE', 'MKCOL', 'LOCK', 'PROPPATCH']) {
    const body =
      method === 'LOCK'
        ? lockInfo()
        : '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><a/></D:prop></D:set></D:propertyupdate>'
    const at = method === 'MKCOL' ? { headers: {} } : { body }
    const answer = await ask(port, method, method === 'MKCOL' ? `${path}b` : path, at)
    t.equal(answer.status, 403, method)
    t.match(answer.text, '<D:need-privileges/>', method)
  }
})

t.test('links within the tree are followed; those that lead out of it are not shown', async t => {
  const { port, mfs } = await serveDav(t, t.testdir())
  await ask(port, 'MKCOL', '/dav/mfs/d')
  await ask(port, 'PUT', '/dav/mfs/d/a', { body: 'text' })
  for (const [name, target] of [
    ['in', 'd/a'],
    ['up', '../../etc/passwd'],
    ['out', '/etc/passwd'],
    ['loop', 'loop']
  ]) {
    mfs.makeSymlink(mfs.root, toName(name ?? ''), Buffer.from(target ?? ''), caller)
  }
  t.equal((await ask(port, 'GET', '/dav/mfs/in')).text, 'text')
  t.equal((await ask(port, 'GET', '/dav/mfs/up')).status, 404)
  t.equal((await ask(port, 'GET', '/dav/mfs/out')).status, 404)
  t.equal((await ask(port, 'GET', '/dav/mfs/loop')).status, 508)
  const { status, text } = await ask(port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })
  t.equal(status, 207)
  t.match(text, '/dav/mfs/in<')
  t.notMatch(text, /mfs\/(up|out|loop)</)
})

t.test('a folder of hundreds of unsealed files is deleted, and their drafts with them', async t => {
  const dav = await serveDav(t, t.testdir())
  await ask(dav.port, 'MKCOL', '/dav/mfs/d')
  for (let index = 0; index < 300; index += 1) {
    await ask(dav.port, 'PUT', `/dav/mfs/d/${index}`, { body: 'x' })
  }
  t.equal((await ask(dav.port, 'DELETE', '/dav/mfs/d')).status, 204)
  t.equal((await ask(dav.port, 'MKCOL', '/dav/mfs/d')).status, 201)
  await dav.mfs.seal()
  t.strictSame(readdirSync(dav.drafts), [])
})

async function inodes({ database, drafts }: Served): Promise<number> {
  return checkMfs(database, drafts).inodes
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(resolve => setTimeout(resolve, 5))
}
