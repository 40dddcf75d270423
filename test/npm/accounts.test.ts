import t, { type Test } from 'tap'
import type { Scope } from '../../src/base/access.ts'
import { publicationOf, sending, setUpNpm } from '../lib/npm-package.ts'
import type { NpmWorld } from '../lib/npm-world.ts'

const password = 'correct horse battery'

async function setUp(t: Test, scopes: readonly Scope[] = ['read', 'publish']): Promise<NpmWorld> {
  const world = await setUpNpm(t, { hosted: ['@ours'] })
  await world.users.add('ann', password, { scopes, root: [] })
  return world
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

function login(base: string, name: string, secret: string): Promise<Response> {
  const body = { _id: `org.couchdb.user:${name}`, name, password: secret, type: 'user' }
  return fetch(`${base}/npm/-/user/org.couchdb.user:${name}`, sending('PUT', body))
}

async function tokenOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { token: string }).token
}

const whoAmI = (base: string, token: string): Promise<Response> =>
  fetch(`${base}/npm/-/whoami`, { headers: bearer(token) })

t.test(
  'from other machines: a login by password gives a token that does what its user may',
  async t => {
    const { shared } = await setUp(t)
    t.equal((await fetch(`${shared}/npm/@ours%2fx`)).status, 401)
    t.equal((await login(shared, 'ann', 'wrong but long enough')).status, 401)
    t.equal((await login(shared, 'bob', password)).status, 401)
    t.equal((await login(shared, 'Ann', password)).status, 400)
    const token = await tokenOf(await login(shared, 'ann', password))
    t.same(await (await whoAmI(shared, token)).json(), { username: 'ann' })
    const publish = (headers: Record<string, string>): Promise<Response> =>
      fetch(
        `${shared}/npm/@ours%2fx`,
        sending('PUT', publicationOf('@ours/x', '1.0.0', Buffer.from('x')), headers)
      )
    t.equal((await publish({})).status, 401)
    t.equal((await publish(bearer(`${token}x`))).status, 401)
    t.equal((await publish(bearer(token))).status, 201)
    const { versions } = (await (
      await fetch(`${shared}/npm/@ours%2fx`, { headers: bearer(token) })
    ).json()) as {
      versions: Record<string, { _npmUser: { name: string } }>
    }
    t.equal(versions['1.0.0']?._npmUser.name, 'ann')
  }
)

t.test('a token is kept as no one can use it', async t => {
  const { shared, database } = await setUp(t)
  const token = await tokenOf(await login(shared, 'ann', password))
  const secret = token.slice(token.indexOf('.') + 1)
  const rows = JSON.stringify(database.statement('SELECT * FROM access_tokens').all())
  t.notOk(rows.includes(secret))
  t.notOk(rows.includes(Buffer.from(secret).toString('base64')))
})

t.test('who may only read cannot publish, nor make a token that can', async t => {
  const { shared } = await setUp(t, ['read'])
  const token = await tokenOf(await login(shared, 'ann', password))
  const put = (path: string, method: string): Promise<Response> =>
    fetch(`${shared}/npm/${path}`, sending(method, {}, bearer(token)))
  for (const [path, method] of [
    ['@ours%2fx', 'PUT'],
    ['@ours%2fx/-rev/1-x', 'DELETE'],
    ['-/package/@ours%2fx/dist-tags/y', 'PUT'],
    ['-/package/@ours%2fx/access', 'POST'],
    ['-/nonsense', 'PUT']
  ] as const) {
    t.equal((await put(path, method)).status, 403, `${method} ${path}`)
  }
  const made = await tokenOf(await put('-/npm/v1/tokens', 'POST'))
  t.equal((await fetch(`${shared}/npm/@ours%2fx`, sending('PUT', {}, bearer(made)))).status, 403)
})

t.test('tokens are listed, made for reading alone, and taken back', async t => {
  const { shared } = await setUp(t)
  const token = await tokenOf(await login(shared, 'ann', password))
  const tokens = (method: string, path = '', body: unknown = undefined): Promise<Response> =>
    fetch(`${shared}/npm/-/npm/v1/tokens${path}`, {
      ...(body === undefined ? { method } : sending(method, body)),
      headers: bearer(token)
    })
  for (const [more, status] of [
    [{ packages: ['x'] }, 501],
    [{ packages_and_scopes_permission: 'no-access' }, 501],
    [{ cidr_whitelist: ['10.0.0.0/33'] }, 400],
    [{ cidr_whitelist: ['anywhere'] }, 400],
    [{ cidr_whitelist: Array(65).fill('10.0.0.1') }, 400],
    [{ expires: 0 }, 400],
    [{ expires: 'soon' }, 400]
  ] as const) {
    t.equal((await tokens('POST', '', { password, ...more })).status, status, JSON.stringify(more))
  }
  const reader = (await (
    await tokens('POST', '', { password, readonly: true, cidr_whitelist: [] })
  ).json()) as {
    key: string
    token: string
  }
  t.equal(
    (await fetch(`${shared}/npm/@ours%2fx`, sending('PUT', {}, bearer(reader.token)))).status,
    403
  )
  const list = async (): Promise<string[]> => {
    const { objects } = (await (await tokens('GET')).json()) as {
      objects: Array<{ key: string; token: string }>
    }
    t.notOk(
      objects.some(each => reader.token.includes(each.token)),
      'shows nothing of the secret'
    )
    return objects.map(({ key }) => key)
  }
  t.equal((await list()).length, 2)
  t.equal((await tokens('DELETE', `/token/${reader.key}`)).status, 200)
  t.equal((await tokens('DELETE', `/token/${reader.key}`)).status, 404)
  t.equal((await whoAmI(shared, reader.token)).status, 401)
  const logout = await fetch(`${shared}/npm/-/user/token/${token}`, {
    method: 'DELETE',
    headers: bearer(token)
  })
  t.equal(logout.status, 200)
  t.equal((await whoAmI(shared, token)).status, 401)
})

t.test('a token may be bound to networks and to days', async t => {
  const { shared, clock } = await setUp(t)
  const token = await tokenOf(await login(shared, 'ann', password))
  const make = async (more: object): Promise<string> => {
    const url = `${shared}/npm/-/npm/v1/tokens`
    const made = await fetch(url, sending('POST', { password, ...more }, bearer(token)))
    return await tokenOf(made)
  }
  const table: ReadonlyArray<readonly [string[], number]> = [
    [['10.0.0.0/8', 'fd00::/8'], 401],
    [['::1'], 401],
    [['10.0.0.0/8', '127.0.0.0/8'], 200],
    [['127.0.0.1'], 200]
  ]
  for (const [networks, status] of table) {
    const bound = await make({ cidr_whitelist: networks })
    t.equal((await whoAmI(shared, bound)).status, status, networks.join(' '))
  }
  const bound = await make({ cidr_whitelist: ['127.0.0.1'] })
  const another = await fetch(
    `${shared}/npm/-/npm/v1/tokens`,
    sending('POST', { password }, bearer(bound))
  )
  t.equal(another.status, 403, 'it cannot get rid of its bounds')
  t.equal((await login(shared, 'ann', bound.slice('ann.'.length))).status, 403)
  const short = await make({ expires: 3 })
  t.equal((await whoAmI(shared, short)).status, 200)
  clock.advance(3 * 86_400_000 - 60_000)
  t.equal((await whoAmI(shared, short)).status, 200)
  clock.advance(60_000)
  t.equal((await whoAmI(shared, short)).status, 401)
  t.equal((await whoAmI(shared, token)).status, 200, 'others go on')
})

t.test('the tokens of a user end with the user', async t => {
  const { shared, users, clock } = await setUp(t)
  const token = await tokenOf(await login(shared, 'ann', password))
  users.remove('ann')
  t.equal((await whoAmI(shared, token)).status, 401)
  clock.advance(1000)
  await users.add('ann', 'another long password', { scopes: ['read'], root: [] })
  t.equal((await whoAmI(shared, token)).status, 401, 'another of that name')
})

t.test('a login by a browser: the token comes once a signed-in person has said yes', async t => {
  const { shared, clock } = await setUp(t)
  const begin = async (): Promise<{ loginUrl: string; doneUrl: string }> =>
    (await (await fetch(`${shared}/npm/-/v1/login`, { method: 'POST' })).json()) as never
  const { loginUrl, doneUrl } = await begin()
  const waiting = await fetch(doneUrl)
  t.equal(waiting.status, 202)
  t.equal(waiting.headers.get('retry-after'), '1')
  t.equal((await fetch(loginUrl)).status, 401, 'the page is for those who have a password')
  t.equal((await fetch(loginUrl, { method: 'POST' })).status, 401)
  const basic = { authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` }
  t.match(await (await fetch(loginUrl, { headers: basic })).text(), /Log in as ann/)
  const foreign = { ...basic, origin: 'http://evil.example' }
  t.equal((await fetch(loginUrl, { method: 'POST', headers: foreign })).status, 403)
  t.equal((await fetch(doneUrl)).status, 202)
  t.equal((await fetch(loginUrl, { method: 'POST', headers: basic })).status, 200)
  const token = await tokenOf(await fetch(doneUrl))
  t.same(await (await whoAmI(shared, token)).json(), { username: 'ann' })
  t.equal((await fetch(doneUrl)).status, 404, 'only once')
  const late = await begin()
  clock.advance(11 * 60_000)
  t.equal((await fetch(late.doneUrl)).status, 404)
  t.equal((await fetch(late.loginUrl, { method: 'POST', headers: basic })).status, 404)
})

t.test('on this machine nobody has to log in, and who does is known by the name given', async t => {
  const { url, shared } = await setUp(t)
  t.equal((await fetch(`${url}/npm/-/whoami`)).status, 401)
  t.equal(
    (
      await fetch(
        `${url}/npm/@ours%2fx`,
        sending('PUT', publicationOf('@ours/x', '1.0.0', Buffer.from('x')))
      )
    ).status,
    201
  )
  const bob = await tokenOf(await login(url, 'bob', 'anything'))
  t.same(await (await whoAmI(url, bob)).json(), { username: 'bob' })
  t.equal((await whoAmI(shared, bob)).status, 401, 'which opens nothing from elsewhere')
  t.equal((await login(url, 'ann', 'anything')).status, 401, 'a user has a password here too')
  const { doneUrl } = (await (await fetch(`${url}/npm/-/v1/login`, { method: 'POST' })).json()) as {
    doneUrl: string
  }
  const local = await tokenOf(await fetch(doneUrl))
  t.same(await (await whoAmI(url, local)).json(), { username: 'local' })
  t.equal((await whoAmI(shared, local)).status, 401)
})
