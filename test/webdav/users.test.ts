import type { IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import type { Access, Scope } from '../../src/base/access.ts'
import { limits } from '../../src/base/limits.ts'
import { toName } from '../../src/base/names.ts'
import { ask, lockInfo } from './ask.ts'
import { serveDav } from './served.ts'

const user = (user: string, scopes: readonly Scope[], ...root: string[]): Access => ({
  user,
  scopes: new Set(scopes),
  root: root.map(toName)
})

const accounts: Readonly<Record<string, Access>> = {
  ann: user('ann', ['read', 'write']),
  bob: user('bob', ['read', 'write']),
  eve: user('eve', ['read', 'write'], 'team'),
  guest: user('guest', ['read'])
}

/** Whoever the header `x-user` names. */
async function serveUsers(t: Test) {
  const access = (request: IncomingMessage) =>
    accounts[String(request.headers['x-user'])] ?? user('nobody', [])
  const dav = await serveDav(t, t.testdir(), { access })
  const as =
    (name: string) =>
    (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
      const sent = { headers: { ...headers, 'x-user': name } }
      return ask(dav.port, method, path, body === undefined ? sent : { ...sent, body })
    }
  return { ...dav, as }
}

t.test('who may only read is told so, and locks nothing', async t => {
  const { as } = await serveUsers(t)
  await as('ann')('PUT', '/dav/mfs/a', {}, 'text')
  const guest = as('guest')
  t.equal((await guest('GET', '/dav/mfs/a')).text, 'text')
  t.notMatch((await guest('OPTIONS', '/dav/mfs/')).headers.allow, 'PUT')
  const to = { destination: '/dav/mfs/b' }
  const requests = [
    ['PUT', {}, 'x'],
    ['DELETE', {}, undefined],
    ['MKCOL', {}, undefined],
    ['COPY', to, undefined],
    ['MOVE', to, undefined],
    ['LOCK', {}, lockInfo()],
    ['UNLOCK', { 'lock-token': '<urn:uuid:none>' }, undefined],
    ['PROPPATCH', {}, '<propertyupdate xmlns="DAV:"><set><prop><x/></prop></set></propertyupdate>']
  ] as const
  for (const [method, headers, body] of requests) {
    const answer = await guest(method, '/dav/mfs/a', headers, body)
    t.equal(answer.status, 403, method)
    t.match(answer.text, '<D:need-privileges/>', method)
  }
  t.equal((await as('ann')('GET', '/dav/mfs/a')).text, 'text')
})

t.test('who is kept to a folder finds it as the whole drive, and nothing else', async t => {
  const { as, mfs } = await serveUsers(t)
  const [ann, eve] = [as('ann'), as('eve')]
  t.equal((await eve('GET', '/dav/mfs/')).status, 404, 'before there is the folder')
  t.equal((await eve('PUT', '/dav/mfs/x', {}, 'x')).status, 409)
  await ann('MKCOL', '/dav/mfs/team')
  await ann('PUT', '/dav/mfs/secret', {}, 'secret')
  t.equal((await eve('PUT', '/dav/mfs/x', {}, 'hers')).status, 201)
  t.equal((await ann('GET', '/dav/mfs/team/x')).text, 'hers')
  const listed = (await eve('PROPFIND', '/dav/mfs/', { depth: '1' })).text
  t.strictSame(hrefs(listed), ['/dav/mfs/', '/dav/mfs/x'])
  t.strictSame(hrefs((await eve('PROPFIND', '/dav/', { depth: '1' })).text), ['/dav/', '/dav/mfs/'])
  const page = (await eve('GET', '/dav/mfs/')).text
  t.match(page, 'href="/dav/mfs/x"')
  t.notMatch(page, 'team')
  t.equal((await eve('GET', '/dav/mfs/secret')).status, 404)
  t.equal((await eve('GET', '/dav/mfs/../secret')).status, 400)
  t.equal((await eve('PROPFIND', '/dav/ipfs/', { depth: '1' })).status, 404)
  t.equal((await eve('PROPFIND', '/dav/pkg/', { depth: '1' })).status, 404)
  t.equal((await eve('DELETE', '/dav/mfs')).status, 403, 'the folder itself stays')
  t.equal((await eve('MOVE', '/dav/mfs/x', { destination: '/dav/mfs/y' })).status, 201)
  t.equal((await eve('COPY', '/dav/mfs/y', { destination: '/dav/mfs/z' })).status, 201)
  t.equal((await ann('GET', '/dav/mfs/team/z')).text, 'hers')
  const folder = mfs.lookup(mfs.root, toName('team')).ino
  const caller = { uid: 1, gid: 1 }
  mfs.makeSymlink(folder, toName('out'), Buffer.from('../secret'), caller)
  mfs.makeSymlink(folder, toName('up'), Buffer.from('..'), caller)
  mfs.makeSymlink(folder, toName('in'), Buffer.from('./z'), caller)
  t.equal((await eve('GET', '/dav/mfs/out')).status, 404)
  t.equal((await eve('GET', '/dav/mfs/up/secret')).status, 404)
  t.equal((await eve('GET', '/dav/mfs/in')).text, 'hers')
  t.equal((await ann('GET', '/dav/mfs/team/out')).text, 'secret')
})

t.test('locks stand between users, each named as its viewer knows the place', async t => {
  const { as } = await serveUsers(t)
  const [ann, bob, eve] = [as('ann'), as('bob'), as('eve')]
  await ann('MKCOL', '/dav/mfs/team')
  const taken = await eve('LOCK', '/dav/mfs/x', {}, lockInfo())
  t.equal(taken.status, 201)
  t.match(taken.text, '<D:lockroot><D:href>/dav/mfs/x</D:href>')
  const token = String(taken.headers['lock-token'])
  const closed = await ann('PUT', '/dav/mfs/team/x', {}, 'x')
  t.equal(closed.status, 423)
  t.match(closed.text, '<D:href>/dav/mfs/team/x</D:href>')
  const stolen = { if: `(${token})` }
  t.equal((await bob('PUT', '/dav/mfs/team/x', stolen, 'x')).status, 423)
  t.equal((await bob('LOCK', '/dav/mfs/team/x', stolen)).status, 412)
  t.equal((await bob('UNLOCK', '/dav/mfs/team/x', { 'lock-token': token })).status, 403)
  t.equal((await eve('PUT', '/dav/mfs/x', stolen, 'x')).status, 204)
  t.equal((await eve('UNLOCK', '/dav/mfs/x', { 'lock-token': token })).status, 204)
  await ann('LOCK', '/dav/mfs/', {}, lockInfo())
  const above = await eve('PUT', '/dav/mfs/x', {}, 'x')
  t.equal(above.status, 423)
  t.match(above.text, '<D:href>/dav/mfs/</D:href>')
})

t.test('one user cannot take the locks of all', async t => {
  const { as, database } = await serveUsers(t)
  const insert = 'INSERT INTO dav_locks VALUES (?, ?, 0, 1, ?, ?, 3600, ?, ?)'
  database.write(() => {
    for (let index = 0; index < limits.davLocksOfUser; index += 1) {
      const until = Date.now() + 3_600_000
      database.statement(insert).run(`urn:uuid:${index}`, `/mfs/${index}/`, '', '/', until, 'ann')
    }
  })
  const refused = await as('ann')('LOCK', '/dav/mfs/a', {}, lockInfo())
  t.strictSame([refused.status, /ann holds/.test(refused.text)], [507, true])
  t.equal((await as('bob')('LOCK', '/dav/mfs/a', {}, lockInfo())).status, 201)
})

function hrefs(text: string): string[] {
  return [...text.matchAll(/<D:href>([^<]*)</g)].map(match => match[1] ?? '')
}
