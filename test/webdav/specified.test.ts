import t from 'tap'
import { ask, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

/** Sentences of the specifications, each held once. */

t.test('RFC 9110, 15.5.6: a 405 says what may be asked instead', async t => {
  const { port } = await serveDav(t, t.testdir())
  await ask(port, 'MKCOL', '/dav/mfs/d')
  for (const [method, status] of [
    ['PUT', 405],
    ['MKCOL', 405],
    ['TRACE', 405]
  ] as const) {
    const { headers, status: told } = await ask(port, method, '/dav/mfs/d')
    t.equal(told, status, method)
    const allowed = String(headers.allow).split(', ')
    t.ok(allowed.includes('PROPFIND') && !allowed.includes(method), `${method}: ${headers.allow}`)
  }
})

t.test('RFC 9110, 15.5.16, and RFC 5789: a 415 says what would be taken', async t => {
  const { port } = await serveDav(t, t.testdir())
  const coded = { body: 'x', headers: { 'content-encoding': 'br' } }
  const put = await ask(port, 'PUT', '/dav/mfs/a', coded)
  t.match(put, { status: 415, headers: { 'accept-encoding': 'identity' } })
  await ask(port, 'PUT', '/dav/mfs/a', { body: 'x' })
  const patch = await ask(port, 'PATCH', '/dav/mfs/a', { body: 'x' })
  t.match(patch, { status: 415, headers: { 'accept-patch': /sabredav-partialupdate/ } })
  const mkcol = await ask(port, 'MKCOL', '/dav/mfs/d', { body: 'x' })
  t.match(mkcol, { status: 415, headers: { accept: /application\/xml/ } })
})

t.test('RFC 9110, 14.2: a range means nothing but to GET', async t => {
  const { port } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', '/dav/mfs/a', { body: '0123456789' })
  for (const range of ['bytes=0-1', 'bytes=0-1,4-5', 'bytes=99-']) {
    const { status, headers } = await ask(port, 'HEAD', '/dav/mfs/a', { headers: { range } })
    t.strictSame([status, headers['content-length']], [200, '10'], range)
  }
})

t.test('RFC 4918, 14.26: a property keeps the language it was set within', async t => {
  const { port } = await serveDav(t, t.testdir())
  await ask(port, 'PUT', '/dav/mfs/a', { body: 'x' })
  const set = (where: readonly string[], name: string) =>
    `<D:propertyupdate xmlns:D="DAV:"${where[0]}><D:set${where[1]}><D:prop${where[2]}>` +
    `<${name} xmlns="urn:x"${where[3]}>Größe</${name}></D:prop></D:set></D:propertyupdate>`
  const de = ' xml:lang="de"'
  const en = ' xml:lang="en"'
  const cases = [
    ['of-update', [de, '', '', ''], 'de'],
    ['of-set', [en, de, '', ''], 'de'],
    ['of-prop', [en, en, de, ''], 'de'],
    ['of-itself', [en, en, en, de], 'de']
  ] as const
  for (const [name, where, language] of cases) {
    await ask(port, 'PROPPATCH', '/dav/mfs/a', { body: set(where, name) })
    const { text } = await ask(port, 'PROPFIND', '/dav/mfs/a', { headers: { depth: '0' } })
    t.match(text, new RegExp(`:${name} xmlns:N="urn:x" xml:lang="${language}">Größe<`), name)
  }
})

t.test('RFC 4918, 9.10.3: a lock of a tree fails for what is locked in it', async t => {
  const { port, faults } = await serveDav(t, t.testdir())
  await ask(port, 'MKCOL', '/dav/mfs/d')
  const inner = await ask(port, 'LOCK', '/dav/mfs/d/a%20b', { body: lockInfo() })
  t.equal(inner.status, 201)
  const lock = (depth: string, scope: 'exclusive' | 'shared') =>
    ask(port, 'LOCK', '/dav/mfs/d', { body: lockInfo(scope), headers: { depth } })
  for (const scope of ['exclusive', 'shared'] as const) {
    const { status, text, headers } = await lock('infinity', scope)
    t.equal(status, 207)
    t.match(text, /<D:href>\/dav\/mfs\/d\/a%20b<\/D:href><D:status>HTTP\/1.1 423 Locked</)
    t.match(text, /<D:href>\/dav\/mfs\/d\/<\/D:href><D:status>HTTP\/1.1 424 Failed Dependency</)
    t.equal(headers['lock-token'], undefined)
  }
  t.equal((await ask(port, 'PUT', '/dav/mfs/d/c', { body: 'x' })).status, 201, 'nothing was locked')
  t.equal((await lock('0', 'exclusive')).status, 200, 'the folder alone can be')
  t.strictSame(faults, [])
})

t.test('RFC 6578, 3.2: sync-collection is of depth 0, or of none said', async t => {
  const { port } = await serveDav(t, t.testdir())
  const body =
    '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level><D:prop/></D:sync-collection>'
  const report = async (headers: Record<string, string>) =>
    (await ask(port, 'REPORT', '/dav/mfs/', { body, headers })).status
  t.equal(await report({}), 207)
  t.equal(await report({ depth: '0' }), 207)
  for (const depth of ['1', 'infinity', '']) t.equal(await report({ depth }), 400, depth)
})

t.test(
  'RFC 6578, 4: each folder has a token that the report takes, just written to or not',
  async t => {
    const { port } = await serveDav(t, t.testdir())
    const body = '<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/></D:prop></D:propfind>'
    const tokens = async () => {
      const headers = { depth: '1' }
      const { text } = await ask(port, 'PROPFIND', '/dav/mfs/', { headers, body })
      return [...text.matchAll(/<D:sync-token>([^<]+)</g)].map(([, token]) => token)
    }
    await ask(port, 'MKCOL', '/dav/mfs/d')
    await ask(port, 'PUT', '/dav/mfs/d/a', { body: 'x' })
    const before = await tokens()
    t.equal(before.length, 2, 'itself and the folder in it')
    await ask(port, 'PUT', '/dav/mfs/d/b', { body: 'x' })
    const after = await tokens()
    t.notSame(after, before)
    const changes = `<D:sync-collection xmlns:D="DAV:"><D:sync-token>${before[1]}</D:sync-token><D:sync-level>1</D:sync-level><D:prop/></D:sync-collection>`
    const { text } = await ask(port, 'REPORT', '/dav/mfs/d/', { body: changes })
    t.strictSame(text.match(/<D:href>[^<]*/g), ['<D:href>/dav/mfs/d/b'])
    t.match(text, `<D:sync-token>${after[1]}</D:sync-token>`)
  }
)

t.test('what is refused with a condition says why to people, too', async t => {
  const { port } = await serveDav(t, t.testdir())
  const { status, text } = await ask(port, 'PUT', '/dav/ipfs/a', { body: 'x' })
  t.equal(status, 403)
  t.match(text, /<D:need-privileges\/><C:message xmlns:C="urn:cairn:dav">[^<]*read-only/)
})
