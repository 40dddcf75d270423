import t, { type Test } from 'tap'
import { limits } from '../../src/base/limits.ts'
import { toName } from '../../src/base/names.ts'
import { ask } from './ask.ts'
import { serveDav } from './served.ts'

interface Synced {
  readonly status: number
  readonly text: string
  readonly token: string
  /** `+` before what is there, `-` before what is gone. */
  readonly changes: string[]
}

const query = (token: string, level: string, more = '') =>
  `<D:sync-collection xmlns:D="DAV:"><D:sync-token>${token}</D:sync-token>` +
  `<D:sync-level>${level}</D:sync-level>${more}<D:prop><D:getetag/></D:prop></D:sync-collection>`

async function serveSync(t: Test) {
  const dav = await serveDav(t, t.testdir())
  const sync = async (token: string, level = 'infinite', more = ''): Promise<Synced> => {
    const body = query(token, level, more)
    const { status, text } = await ask(dav.port, 'REPORT', '/dav/mfs/d/', { body })
    const responses = [...text.matchAll(/<D:response>.*?<\/D:response>/gs)].map(([each]) => each)
    const changes = responses.map(each => {
      const href = /<D:href>\/dav\/mfs\/d\/([^<]*)</.exec(each)?.[1]
      return `${each.includes('404 Not Found') ? '-' : '+'}${href}`
    })
    const next = /<D:sync-token>([^<]*)</.exec(text)?.[1] ?? ''
    return { status, text, token: next, changes: changes.sort() }
  }
  const put = (path: string, body: string) => ask(dav.port, 'PUT', `/dav/mfs/d/${path}`, { body })
  const act = (method: string, path: string, headers = {}) =>
    ask(dav.port, method, `/dav/mfs/d/${path}`, { headers })
  await act('MKCOL', '')
  return { ...dav, sync, put, act }
}

t.test('a client is told once of all, and then of what changed', async t => {
  const { sync, put, act, faults } = await serveSync(t)
  await act('MKCOL', 'sub')
  await act('MKCOL', 'sub/deep')
  for (const path of ['a', 'b', 'sub/c', 'sub/deep/d']) await put(path, path)
  const first = await sync('')
  t.equal(first.status, 207)
  t.strictSame(first.changes, ['+a', '+b', '+sub/', '+sub/c', '+sub/deep/', '+sub/deep/d'])
  t.match(first.text, /<D:getetag>"baf/)
  const same = await sync(first.token)
  t.strictSame([same.changes, same.token], [[], first.token])
  await put('a', 'changed')
  await put('e', 'new')
  await put('sub/deep/d', 'changed')
  await act('DELETE', 'b')
  const second = await sync(first.token)
  t.strictSame(second.changes, ['+a', '+e', '+sub/deep/d', '-b'])
  await act('MOVE', 'sub', { destination: '/dav/mfs/d/moved' })
  const third = await sync(second.token)
  const moved = ['+moved/', '+moved/c', '+moved/deep/', '+moved/deep/d', '-sub/']
  t.strictSame(third.changes, moved)
  t.strictSame((await sync(first.token)).changes, [...moved, '+a', '+e', '-b'].sort())
  await act('DELETE', 'a')
  await act('MKCOL', 'a')
  await put('a/x', 'x')
  t.strictSame((await sync(third.token)).changes, ['+a/', '+a/x'], 'a folder for a file')
  t.strictSame(faults, [])
})

t.test('at level 1 a folder stands for what is in it', async t => {
  const { sync, put, act } = await serveSync(t)
  await act('MKCOL', 'sub')
  await put('a', 'a')
  await put('sub/c', 'c')
  const first = await sync('', '1')
  t.strictSame(first.changes, ['+a', '+sub/'])
  await put('sub/c', 'changed')
  t.strictSame((await sync(first.token, '1')).changes, ['+sub/'])
})

t.test('a folder of thousands: what is told is what changed', async t => {
  const { sync, put, act, mfs } = await serveSync(t)
  for (let index = 0; index < 400; index += 1) await put(`f${index}`, 'x')
  const first = await sync('')
  t.equal(first.changes.length, 400)
  await put('f7', 'changed')
  await act('DELETE', 'f399')
  await mfs.seal()
  t.strictSame((await sync(first.token)).changes, ['+f7', '-f399'])
})

t.test('more than a client wants is not told in part', async t => {
  const { sync, put } = await serveSync(t)
  for (const name of ['a', 'b', 'c']) await put(name, name)
  const limit = (most: number) => `<D:limit><D:nresults>${most}</D:nresults></D:limit>`
  const refused = await sync('', '1', limit(2))
  t.equal(refused.status, 507)
  t.match(refused.text, '<D:number-of-matches-within-limits/>')
  t.equal((await sync('', '1', limit(3))).changes.length, 3)
  t.ok(limits.davSyncResults > 3)
})

t.test('folders too deep to be asked for are not told of, and end no report', async t => {
  const { sync, mfs, faults } = await serveSync(t)
  const caller = { uid: 1, gid: 1 }
  let at = mfs.lookup(mfs.root, toName('d')).ino
  for (let depth = 0; depth < 300; depth += 1) {
    at = mfs.makeDirectory(at, toName('a'), 0o755, caller).ino
  }
  const told = await sync('')
  t.equal(told.status, 207)
  t.equal(told.changes.length, limits.davPathNames - 2)
  t.strictSame((await sync(told.token)).changes, [])
  t.strictSame(faults, [])
})

t.test('tokens and reports that are refused', async t => {
  const { sync, put, port } = await serveSync(t)
  await put('a', 'a')
  const unknown = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
  const tokens = ['nonsense', 'urn:cairn:sync:', 'urn:cairn:sync:../x', `urn:cairn:sync:${unknown}`]
  for (const token of tokens) {
    const refused = await sync(token)
    t.equal(refused.status, 403, token)
    t.match(refused.text, '<D:valid-sync-token/>', token)
  }
  t.equal((await sync('', '7')).status, 400)
  t.equal((await sync('', '1', '<D:limit><D:nresults>-1</D:nresults></D:limit>')).status, 400)
  const other = '<D:expand-property xmlns:D="DAV:"/>'
  const bodies = [
    ['/dav/mfs/d/', other, 403],
    ['/dav/mfs/d/a', query('', '1'), 403],
    ['/dav/ipfs/', query('', '1'), 403],
    ['/dav/', query('', '1'), 403],
    ['/dav/mfs/none', query('', '1'), 404],
    ['/dav/mfs/d/', '', 400],
    ['/dav/mfs/d/', '<x', 400]
  ] as const
  for (const [path, body, status] of bodies) {
    t.equal((await ask(port, 'REPORT', path, { body })).status, status, `${path} ${body}`)
  }
})

t.test('a folder says that it can be asked, and what for', async t => {
  const { sync, port } = await serveSync(t)
  const { token } = await sync('')
  const body =
    '<D:propfind xmlns:D="DAV:"><D:prop><D:sync-token/><D:supported-report-set/></D:prop></D:propfind>'
  const asked = { headers: { depth: '0' }, body }
  const { text } = await ask(port, 'PROPFIND', '/dav/mfs/d/', asked)
  t.match(text, `<D:sync-token>${token}</D:sync-token>`)
  t.match(text, '<D:report><D:sync-collection/></D:report>')
})
