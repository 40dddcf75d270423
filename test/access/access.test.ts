import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Attempts } from '../../src/access/attempts.ts'
import { parseAuthorization } from '../../src/access/credentials.ts'
import { accessMigrations } from '../../src/access/schema.ts'
import { hashSecret, isSecret, makeSecret, nobodysSecret } from '../../src/access/secret.ts'
import { SignIn } from '../../src/access/sign-in.ts'
import { Users } from '../../src/access/users.ts'
import { mayDo } from '../../src/base/access.ts'
import { openDatabase } from '../../src/base/database.ts'
import { limits } from '../../src/base/limits.ts'
import { toName } from '../../src/base/names.ts'

const secret = 'correct horse battery'
const here = '192.0.2.1'

function world(t: Test) {
  const database = openDatabase(join(t.testdir(), 'db'), { migrations: accessMigrations })
  t.teardown(() => database.close())
  const time = { ms: 1_000 }
  const clock = { nowMs: () => time.ms }
  const users = new Users(database, clock, { N: 16, r: 8, p: 1 })
  return { database, time, users, signIn: new SignIn(users, clock) }
}

const reader = { scopes: ['read'], root: [] } as const

t.test('headers that show no credentials', async t => {
  const headers = [
    undefined,
    '',
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${btoa('nocolon')}`,
    `Basic ${btoa(':secret')}`,
    'Bearer secret',
    'Bearer .secret',
    'Digest username="a"',
    `Basic ${btoa('a:b')} ${btoa('c:d')}`,
    `Basic ${btoa(`a:${'x'.repeat(3_000)}`)}`
  ]
  for (const header of headers) t.equal(parseAuthorization(header), undefined, String(header))
})

t.test('headers that show some', async t => {
  const headers = [
    [`Basic ${btoa('ann:pass')}`, 'ann', 'pass'],
    [`bASIC   ${btoa('ann:with:colons')}`, 'ann', 'with:colons'],
    [`Basic ${Buffer.from('ann:pässwörd').toString('base64')}`, 'ann', 'pässwörd'],
    ['Bearer ci.abc.def', 'ci', 'abc.def']
  ] as const
  for (const [header, name, secret] of headers) {
    t.strictSame(parseAuthorization(header), { name, secret })
  }
})

t.test('a secret is kept as a hash that only it makes', async t => {
  const kept = await hashSecret(secret)
  t.match(kept, /^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/)
  t.not(await hashSecret(secret), kept, 'with a salt of its own')
  t.equal(await isSecret(secret, kept), true)
  t.equal(await isSecret(`${secret} `, kept), false)
  t.equal(await isSecret('', nobodysSecret()), false)
  t.equal(await isSecret('pässwörd'.normalize('NFD'), await hashSecret('pässwörd')), true)
  t.match(makeSecret(), /^[a-km-z2-9]{26}$/)
  t.not(makeSecret(), makeSecret())
})

t.test('names and passwords that are refused', async t => {
  const { users } = world(t)
  for (const name of ['', 'A', 'a b', '-a', 'a.b', 'a:b', 'ä', 'x'.repeat(65)]) {
    await t.rejects(users.add(name, secret, reader), { code: 'invalid' }, name)
  }
  for (const bad of ['short', 'x'.repeat(257), `${secret}\n`, `cairn_${secret}`]) {
    await t.rejects(users.add('ann', bad, reader), { code: 'invalid' }, bad.slice(0, 30))
  }
  t.strictSame(users.list(), [])
})

t.test('users are added once, listed without their secrets, removed', async t => {
  const { users, database } = world(t)
  const root = [toName('team'), toName('ä b')]
  await users.add('ann', secret, { scopes: ['read', 'write'], root })
  await t.rejects(users.add('ann', secret, reader), { code: 'exists' })
  t.strictSame(users.list(), [{ name: 'ann', scopes: ['read', 'write'], root, createdMs: 1_000 }])
  const rows = JSON.stringify(database.statement('SELECT * FROM access_users').all())
  t.notMatch(rows, secret)
  t.equal(users.remove('ann'), true)
  t.equal(users.remove('ann'), false)
})

t.test('who shows the right secret has the scopes of the user, until the user is gone', async t => {
  const { users, signIn } = world(t)
  await users.add('ann', secret, reader)
  const right = { name: 'ann', secret }
  for (const attempt of ['checked', 'remembered']) {
    t.match(await signIn.check(right, here), { user: 'ann', scopes: new Set(['read']) }, attempt)
  }
  users.remove('ann')
  t.match(await signIn.check(right, here), { why: 'wrong' }, 'gone at once')
  await users.add('ann', 'another secret', { scopes: ['admin'], root: [] })
  t.match(await signIn.check(right, here), { why: 'wrong' }, 'another user of the name')
})

t.test('a wrong secret, and a name nobody has, are refused alike', async t => {
  const { users, signIn } = world(t)
  await users.add('ann', secret, reader)
  for (const name of ['ann', 'bob']) {
    t.strictSame(await signIn.check({ name, secret: 'wrong' }, here), { why: 'wrong' })
    t.strictSame(await signIn.check({ name, secret: '' }, here), { why: 'wrong' })
    const long = 'x'.repeat(100_000)
    t.strictSame(await signIn.check({ name, secret: long }, here), { why: 'wrong' })
  }
})

t.test('after too many failures nothing from that place is looked at for a while', async t => {
  const { users, signIn, time } = world(t)
  await users.add('ann', secret, reader)
  await users.add('bob', secret, reader)
  t.match(await signIn.check({ name: 'bob', secret }, here), { user: 'bob' })
  for (let count = 0; count < limits.signInFailures; count += 1) {
    t.match(await signIn.check({ name: 'ann', secret: 'wrong' }, here), { why: 'wrong' })
  }
  t.strictSame(await signIn.check({ name: 'ann', secret }, here), {
    why: 'failures',
    waitSeconds: limits.signInFailureMs / 1000
  })
  t.match(await signIn.check({ name: 'bob', secret }, here), { user: 'bob' }, 'who was in stays in')
  t.match(await signIn.check({ name: 'ann', secret }, '192.0.2.2'), { user: 'ann' }, 'elsewhere')
  time.ms += limits.signInFailureMs
  t.match(await signIn.check({ name: 'ann', secret }, here), { user: 'ann' })
})

t.test('many checks at once: some are put off, none is forgotten', async t => {
  const { signIn } = world(t)
  const many = Array.from({ length: limits.signInChecks + 5 }, (_, index) =>
    signIn.check({ name: 'ann', secret: 'wrong' }, `192.0.2.${index}`)
  )
  const answers = (await Promise.all(many)).map(answer => ('why' in answer ? answer.why : 'in'))
  t.equal(answers.filter(why => why === 'busy').length, 5)
  t.equal(answers.filter(why => why === 'wrong').length, limits.signInChecks)
})

t.test(
  'places: a /64 is one, an address mapped to IPv6 is itself, and few are remembered',
  async t => {
    const same = [
      ['2001:db8::1', '2001:db8::2'],
      ['2001:db8:0:0:1::1', '2001:db8::'],
      ['::ffff:192.0.2.1', '192.0.2.1']
    ] as const
    const apart = [
      ['2001:db8:0:1::1', '2001:db8::1'],
      ['::1', '2001:db8::1'],
      ['192.0.2.1', '192.0.2.2']
    ] as const
    for (const [one, other] of same) t.ok(failing(one).waitMs(other, 0) > 0, `${one} ${other}`)
    for (const [one, other] of apart) t.equal(failing(one).waitMs(other, 0), 0, `${one} ${other}`)
    const attempts = failing(here)
    for (let index = 0; index < limits.signInPlaces; index += 1) attempts.fail(`p${index}`, 0)
    t.equal(attempts.waitMs(here, 0), 0)
  }
)

function failing(address: string): Attempts {
  const attempts = new Attempts()
  for (let count = 0; count < limits.signInFailures; count += 1) attempts.fail(address, 0)
  return attempts
}

t.test('admin may do all, the others what they are named for', async t => {
  const access = { user: 'ann', root: [] }
  t.equal(mayDo({ ...access, scopes: new Set(['admin']) }, 'publish'), true)
  t.equal(mayDo({ ...access, scopes: new Set(['read']) }, 'read'), true)
  t.equal(mayDo({ ...access, scopes: new Set(['read']) }, 'write'), false)
})
