import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import { toName } from '../../src/base/names.ts'
import { Visited } from '../../src/webdav/visited.ts'
import { ask, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

t.test('names of every kind are listed so that they can be asked for', async t => {
  const { port } = await serveDav(t, t.testdir())
  const names = [
    'a b',
    'ä',
    '日本',
    '100%',
    '%41',
    'a#b',
    'a?b',
    'a\\b',
    "it's",
    '<&>"',
    '...',
    ' '
  ]
  for (const name of names) {
    const path = `/dav/mfs/${encodeURIComponent(name)}`
    t.equal((await ask(port, 'PUT', path, { body: name })).status, 201, name)
  }
  const { text } = await ask(port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })
  const hrefs = [...text.matchAll(/<D:href>([^<]*)<\/D:href>/g)]
    .map(match => match[1] ?? '')
    .slice(1)
  const bodies = await Promise.all(hrefs.map(async href => (await ask(port, 'GET', href)).text))
  t.strictSame(bodies.sort(), names.sort())
  const page = (await ask(port, 'GET', '/dav/mfs/')).text
  t.match(page, 'href="/dav/mfs/%3C%26%3E%22"')
  t.match(page, '&lt;&amp;&gt;&quot;')
  t.notMatch(page, '<&>')
})

t.test('depth infinity tells of a whole tree, once, links and all, unless it is large', async t => {
  const { port, mfs, faults } = await serveDav(t, t.testdir())
  const caller = { uid: 1, gid: 1 }
  for (const folder of ['d', 'd/e', 'd/e/f']) await ask(port, 'MKCOL', `/dav/mfs/${folder}`)
  for (const file of ['d/a', 'd/e/b', 'd/e/f/c']) await ask(port, 'PUT', `/dav/mfs/${file}`)
  const { ino } = mfs.lookup(mfs.root, toName('d'))
  mfs.makeSymlink(ino, toName('round'), Buffer.from('../d'), caller)
  const all = (headers: Record<string, string> = {}) =>
    ask(port, 'PROPFIND', '/dav/mfs/d', { headers })
  const { status, text } = await all()
  t.equal(status, 207)
  const hrefs = [...text.matchAll(/<D:href>\/dav\/mfs\/d\/([^<]*)</g)].map(match => match[1])
  t.strictSame(hrefs.sort(), ['', 'a', 'e/', 'e/b', 'e/f/', 'e/f/c', 'round/'])
  t.equal((await all({ depth: 'infinity' })).text, text)
  for (let index = 0; index < 100; index += 1) {
    const { ino: below } = mfs.makeDirectory(ino, toName(`many-${index}`), 0o755, caller)
    for (let file = 0; file < limits.davInfiniteMembers / 100; file += 1) {
      mfs.makeNode(below, toName(`${file}`), 0o100644, 0, caller)
    }
  }
  const refused = await all()
  t.strictSame([refused.status, /propfind-finite-depth/.test(refused.text)], [403, true])
  t.strictSame(faults, [])
})

t.test('the CIDs that were asked for last are listed, the others forgotten', async t => {
  const { database } = await serveDav(t, t.testdir())
  const time = { ms: 0 }
  const visited = new Visited(database, { nowMs: () => time.ms })
  const names = Array.from({ length: limits.davVisited + 1 }, (_, index) => toName(`c${index}`))
  for (const name of names.slice(0, -1)) {
    time.ms += 1
    visited.note(name)
  }
  time.ms += limits.davVisitedMs
  visited.note(toName('c0'))
  visited.note(toName(names.at(-1) ?? ''))
  const listed = new Set<string>(visited.names())
  t.strictSame([listed.size, listed.has('c0'), listed.has('c1')], [limits.davVisited, true, false])
})

t.test('to list what was visited nothing is fetched', async t => {
  const { port, database, faults } = await serveDav(t, t.testdir())
  const gone = 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
  new Visited(database, { nowMs: () => Date.now() }).note(toName(gone))
  const listed = await ask(port, 'PROPFIND', '/dav/ipfs/', { headers: { depth: '1' } })
  t.strictSame([listed.status, listed.text.includes(gone)], [207, false])
  t.strictSame(faults, [], 'nobody was asked for it')
  t.equal((await ask(port, 'GET', `/dav/ipfs/${gone}`)).status, 500)
  t.equal(faults.length, 1, 'whoever opens it asks')
})

t.test('COPY out of what is read-only is a name for the same content', async t => {
  const { port, mfs, faults } = await serveDav(t, t.testdir())
  await ask(port, 'MKCOL', '/dav/mfs/d')
  await ask(port, 'PUT', '/dav/mfs/d/a', { body: 'text' })
  const { cid } = await mfs.seal()
  await ask(port, 'DELETE', '/dav/mfs/d')
  const from = (path: string, to: string, more = {}) =>
    ask(port, 'COPY', `/dav/ipfs/${path}`, { headers: { destination: to, ...more } })
  t.equal((await from(`${cid}`, '/dav/mfs/whole')).status, 201)
  t.equal((await from(`${cid}/d/a`, '/dav/mfs/file')).status, 201)
  t.equal((await from(`${cid}/d/a`, '/dav/mfs/file')).status, 204)
  t.equal((await from(`${cid}/d`, '/dav/mfs/empty', { depth: '0' })).status, 201)
  for (const path of ['/dav/mfs/whole/d/a', '/dav/mfs/file']) {
    t.equal((await ask(port, 'GET', path)).text, 'text', path)
  }
  t.equal((await ask(port, 'GET', '/dav/mfs/empty/a')).status, 404)
  t.equal((await ask(port, 'PUT', '/dav/mfs/whole/d/a', { body: 'own' })).status, 204)
  t.equal((await ask(port, 'GET', `/dav/ipfs/${cid}/d/a`)).text, 'text')
  const move = { headers: { destination: '/dav/mfs/moved' } }
  const refused = await ask(port, 'MOVE', `/dav/ipfs/${cid}/d`, move)
  t.strictSame([refused.status, /need-privileges/.test(refused.text)], [403, true])
  t.equal((await from('', '/dav/mfs/view')).status, 403, 'a view has no CID')
  t.strictSame(faults, [])
})

t.test('a name is found in either form of its accents, and is not made twice', async t => {
  const { port, mfs, faults } = await serveDav(t, t.testdir())
  const [one, two] = ['Ärger', 'Ärger'.normalize('NFD')].map(name => encodeURIComponent(name))
  t.not(one, two)
  const listed = async () => {
    const { text } = await ask(port, 'PROPFIND', '/dav/mfs/', { headers: { depth: '1' } })
    return [...text.matchAll(/<D:href>\/dav\/mfs\/([^<]+)</g)].map(match => match[1])
  }
  await ask(port, 'PUT', `/dav/mfs/${one}`, { body: 'text' })
  t.equal((await ask(port, 'GET', `/dav/mfs/${two}`)).text, 'text')
  t.equal((await ask(port, 'PUT', `/dav/mfs/${two}`, { body: 'again' })).status, 204)
  t.equal((await ask(port, 'MKCOL', `/dav/mfs/${two}`)).status, 405)
  t.strictSame(await listed(), [one])
  const taken = await ask(port, 'LOCK', `/dav/mfs/${two}`, { body: lockInfo() })
  t.equal((await ask(port, 'PUT', `/dav/mfs/${one}`, { body: 'x' })).status, 423)
  const token = { headers: { 'lock-token': String(taken.headers['lock-token']) } }
  t.equal((await ask(port, 'UNLOCK', `/dav/mfs/${one}`, token)).status, 204)
  const to = { headers: { destination: `/dav/mfs/${two}` } }
  t.equal((await ask(port, 'MOVE', `/dav/mfs/${one}`, to)).status, 403, 'onto itself')
  t.equal((await ask(port, 'DELETE', `/dav/mfs/${two}`)).status, 204)
  t.strictSame(await listed(), [])
  await ask(port, 'PUT', `/dav/mfs/${two}`, { body: 'as it was sent' })
  t.strictSame(await listed(), [two])
  const finder = {
    body: 'by Finder',
    headers: { 'user-agent': 'WebDAVFS/3.0.0 (03008000) Darwin' }
  }
  await ask(port, 'DELETE', `/dav/mfs/${two}`)
  await ask(port, 'PUT', `/dav/mfs/${two}`, finder)
  t.strictSame(await listed(), [one])
  const caller = { uid: 1, gid: 1 }
  mfs.makeNode(mfs.root, toName('Ärger'.normalize('NFD')), 0o100644, 0, caller)
  t.equal((await ask(port, 'GET', `/dav/mfs/${two}`)).text, '', 'both there: each by its name')
  t.equal((await ask(port, 'GET', `/dav/mfs/${one}`)).text, 'by Finder')
  t.equal((await ask(port, 'PUT', '/dav/mfs/%ff%fe', { body: 'no text' })).status, 201)
  t.strictSame(faults, [])
})
