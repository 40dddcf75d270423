import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { accessMigrations } from '../../src/access/schema.ts'
import { SignIn } from '../../src/access/sign-in.ts'
import { Users } from '../../src/access/users.ts'
import { localAccess, type Scope } from '../../src/base/access.ts'
import { openDatabase } from '../../src/base/database.ts'
import type { Need } from '../../src/base/http.ts'
import { limits } from '../../src/base/limits.ts'
import { type Guard, localGuard, ownerGuard, passwordGuard } from '../../src/daemon/guard.ts'
import { openLogger } from '../../src/daemon/logger.ts'

const host = '127.0.0.1:7070'
const secret = 'correct horse battery'

function ask(guard: Guard, headers: Record<string, string>, need: Need = 'read', url = '/') {
  const request = { headers, url, socket: { remoteAddress: '192.0.2.1' } }
  return guard(request as unknown as IncomingMessage, need)
}

async function sharing(t: Test, scopes: readonly Scope[] = ['read']) {
  const database = openDatabase(join(t.testdir(), 'db'), { migrations: accessMigrations })
  t.teardown(() => database.close())
  const clock = { nowMs: () => 0 }
  const users = new Users(database, clock, { N: 16, r: 8, p: 1 })
  await users.add('ann', secret, { scopes, root: [] })
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = openLogger({ level: 'info', plain: false, write })
  return { guard: passwordGuard(new SignIn(users, clock), log), lines }
}

const basic = (text: string) => ({ host: 'nas.example', authorization: `Basic ${btoa(text)}` })
const right = basic(`ann:${secret}`)

t.test('on the port of this machine only it and its own pages are answered', async t => {
  const good = [
    { host },
    { host: 'localhost' },
    { host: 'LOCALHOST:1' },
    { host: '[::1]:1' },
    { host, origin: `http://${host}` },
    { host, 'sec-fetch-site': 'none' },
    { host, 'sec-fetch-site': 'same-origin' }
  ]
  for (const headers of good) t.equal(await ask(localGuard, headers), localAccess)
  const bad: Array<Record<string, string>> = [
    {},
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: '192.0.2.1:7070' },
    { host, origin: 'http://evil.example' },
    { host, origin: 'null' },
    { host, 'sec-fetch-site': 'cross-site' },
    { host, 'sec-fetch-site': 'same-site' }
  ]
  for (const headers of bad) {
    t.match(await ask(localGuard, headers), { status: 403 }, JSON.stringify(headers))
  }
})

t.test('a client that takes this for its proxy names the upstream', async t => {
  const headers = { host: 'upstream.example' }
  t.equal(await ask(localGuard, headers, 'read', 'http://upstream.example/debian/'), localAccess)
  t.match(await ask(localGuard, headers, 'read', '/npm/left-pad'), { status: 403 })
})

t.test('the owner of the socket may do all', async t => {
  t.equal(await ask(ownerGuard, {}, 'admin'), localAccess)
})

t.test('on a shared port a user and a password are asked for', async t => {
  const { guard, lines } = await sharing(t)
  const challenge = {
    status: 401,
    headers: { 'www-authenticate': 'Basic realm="Cairn", charset="UTF-8"' }
  }
  t.match(await ask(guard, { host }), challenge, 'of this machine too')
  t.match(await ask(guard, { host, authorization: 'Digest x' }), challenge)
  t.strictSame(lines, [], 'who shows nothing is no failure')
  t.match(await ask(guard, basic('ann:wrong')), challenge)
  t.match(await ask(guard, basic(`bob:${secret}`)), challenge)
  t.match(await ask(guard, right), { user: 'ann' })
  t.match(await ask(guard, { authorization: `Bearer ann.${secret.replaceAll(' ', '')}` }), {
    status: 401
  })
  t.match(lines, [/"user":"ann".*"address":"192\.0\.2\.1"/, /"user":"bob"/, /"user":"ann"/])
  t.notMatch(lines.join(''), secret)
})

t.test('what needs nothing is answered to anybody, who may do nothing', async t => {
  const { guard } = await sharing(t)
  t.match(await ask(guard, {}, 'nothing'), { user: undefined, scopes: new Set() })
})

t.test('a scope that the user has not is refused; admin has all', async t => {
  const reader = await sharing(t)
  for (const need of ['write', 'publish', 'admin'] as const) {
    t.match(await ask(reader.guard, right, need), { status: 403, message: need }, need)
  }
  const admin = await sharing(t, ['admin'])
  for (const need of ['read', 'write', 'publish', 'admin'] as const) {
    t.match(await ask(admin.guard, right, need), { user: 'ann' }, need)
  }
})

t.test('a page of another site is refused, though the browser knows the password', async t => {
  const { guard } = await sharing(t)
  t.match(await ask(guard, { ...right, origin: 'https://evil.example' }), { status: 403 })
  t.match(await ask(guard, { ...right, 'sec-fetch-site': 'cross-site' }), { status: 403 })
  t.match(await ask(guard, { ...right, origin: 'https://nas.example' }), { user: 'ann' })
})

t.test('too many wrong passwords are told how long to wait', async t => {
  const { guard } = await sharing(t)
  for (let count = 0; count < limits.signInFailures; count += 1) {
    await ask(guard, basic('ann:wrong'))
  }
  const waitSeconds = limits.signInFailureMs / 1000
  t.match(await ask(guard, right), { status: 429, headers: { 'retry-after': `${waitSeconds}` } })
})
