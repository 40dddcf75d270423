import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  cutAfter,
  type FakeOrigin,
  inSteps,
  openFakeOrigin,
  sha256Hex
} from '../lib/fake-origin.ts'
import { makeWorld, until, type World } from './run-cairn.ts'

const body = randomBytes(3_000_000)
const etag = '"v1"'
/** Of a partial file: what is known of its body stands before it. */
const headBytes = 4096

async function setUp(t: Test): Promise<{ world: World; origin: FakeOrigin }> {
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  return { world: await makeWorld(t), origin }
}

const json = async (world: World, ...args: string[]) =>
  JSON.parse(await world.line(['get', '--json', ...args]))

t.test('what is not as it was said to be is refused, and nothing is left', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('a', { body })
  const wrong = 'ab'.repeat(32)
  const url = `${origin.url}a`
  for (const [args, message, status] of [
    [[url, '--sha256', wrong], /is sha256:[0-9a-f]+, the index says|is sha256/, 1],
    [[url, '--integrity', `sha512-${Buffer.alloc(64).toString('base64')}`], /sha512/, 1],
    [
      [url, '--cid', 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'],
      /, not bafk/,
      1
    ],
    [[`${origin.url}none`], /answered 404/, 1],
    [[url, '--sha256', 'short'], /not a sha256 digest/, 2],
    [[url, '--integrity', 'md5-xyz'], /write sha256-/, 2],
    [[url, '--sha256', wrong, '--integrity', 'sha256-x'], /give one/, 2],
    [['http://'], /not an http/, 2],
    [['/mfs/x', '--sha256', wrong], /are for a URL/, 2]
  ] as const) {
    const outcome = await world.run(['get', ...args])
    t.equal(outcome.status, status, `${args}`)
    t.match(outcome.stderr, message)
  }
  t.notOk(existsSync(join(world.folder, 'a')))
  const partial = join(world.home, 'partial')
  t.strictSame(existsSync(partial) ? readdirSync(partial) : [], [])
})

t.test('a file is called by the last part of its URL, where that can be a name', async t => {
  const { world, origin } = await setUp(t)
  for (const [path, name] of [
    ['a%20b', 'a b'],
    ['x/%E4', '%E4'],
    ['x/..%2f..', '..%2f..'],
    ['x/%00', '%00']
  ] as const) {
    origin.items.set(path, { body })
    const outcome = await world.run(['get', `${origin.url}${path}`])
    t.equal(outcome.status, 0, path) || t.comment(outcome.stderr)
    t.ok(existsSync(join(world.folder, name)), name)
  }
})

t.test('a file is fetched, verified and stored; what is held is not fetched again', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('dir/a%20b.bin', { body, etag })
  origin.items.set('elsewhere', { body })
  const url = `${origin.url}dir/a%20b.bin`
  const first = await json(world, url)
  t.match(first, { from: 'fetched', bytes: body.length, digest: `sha256:${sha256Hex(body)}` })
  t.ok(readFileSync(join(world.folder, 'a b.bin')).equals(body))
  t.equal((await world.run(['get', url])).status, 1, 'a file stands in the way')
  const again = await json(world, url, '-o', 'two')
  t.match(again, { from: 'unchanged', cid: first.cid })
  t.equal(origin.requests.at(-1)?.headers['if-none-match'], etag)
  t.equal(origin.requests.at(-1)?.status, 304)
  const asked = origin.requests.length
  const integrity = `sha512-${createHash('sha512').update(body).digest('base64')}`
  const same = await json(world, `${origin.url}elsewhere`, '--sha256', sha256Hex(body))
  t.match(same, { from: 'held', cid: first.cid })
  t.equal(origin.requests.length, asked, 'the same bytes, from wherever, need no request')
  t.match(await json(world, `${origin.url}elsewhere`, '--integrity', integrity, '--force'), {
    from: 'fetched',
    cid: first.cid
  })
  t.match(await json(world, `${origin.url}elsewhere`, '--integrity', integrity, '--force'), {
    from: 'held'
  })
  const out = await world.run(['get', url, '-o', '-'])
  t.equal(out.status, 0)
})

t.test('a changed file is fetched anew', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('a', { body: Buffer.from('one'), etag })
  await world.line(['get', '--json', `${origin.url}a`])
  origin.items.set('a', { body: Buffer.from('two'), etag: '"v2"' })
  t.match(await json(world, `${origin.url}a`, '--force'), { from: 'fetched', bytes: 3 })
  t.equal(readFileSync(join(world.folder, 'a'), 'utf8'), 'two')
})

t.test('a body that breaks off is gone on with by Range', async t => {
  const { world, origin } = await setUp(t)
  const item = { body, etag, ranges: true }
  origin.items.set('a', { ...item, faults: [cutAfter(1_000_000, item), cutAfter(10, item)] })
  t.match(await json(world, `${origin.url}a`), { from: 'fetched', bytes: body.length })
  t.ok(readFileSync(join(world.folder, 'a')).equals(body))
  t.equal(origin.requests[1]?.headers['if-range'], etag)
})

for (const [what, changes] of [
  ['the next one goes on where it was', false],
  ['and the file changed meanwhile: the next one begins anew', true]
] as const) {
  t.test(`kill -9 in the middle: ${what}`, async t => {
    const { world, origin } = await setUp(t)
    const item = { body, etag, ranges: true }
    const steps = inSteps(item, 1_000_000)
    origin.items.set('a', { ...item, faults: [steps.fault] })
    const child = world.spawn(['get', `${origin.url}a`])
    const partial = join(world.home, 'partial')
    steps.next()
    steps.next()
    await until(async () => {
      if (!existsSync(partial)) return false
      const [name] = readdirSync(partial)
      return name !== undefined && statSync(join(partial, name)).size === headBytes + 2_000_000
    })
    child.kill('SIGKILL')
    const newer = randomBytes(2_500_000)
    if (changes) origin.items.set('a', { body: newer, etag: '"v2"', ranges: true })
    t.match(await json(world, `${origin.url}a`), { from: 'fetched' })
    const wanted = changes ? newer : body
    t.ok(readFileSync(join(world.folder, 'a')).equals(wanted))
    t.match(origin.requests[1]?.headers.range, /^bytes=2000000-$/)
    t.strictSame(readdirSync(partial), [])
  })
}

t.test('what is there of a killed download may be all of it, or nothing of use', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('a', { body, etag, ranges: true })
  await world.line(['ls', '--json', '/mfs']).catch(() => undefined)
  const partial = join(world.home, 'partial')
  const url = `${origin.url}a`
  const name = createHash('sha256').update(url).digest('hex').slice(0, 32)
  const head = (bytes: number) => Buffer.from(JSON.stringify({ bytes, etag }).padEnd(headBytes))
  const { mkdirSync } = await import('node:fs')
  mkdirSync(partial, { recursive: true })
  for (const [what, left, requests] of [
    ['all of it', Buffer.concat([head(body.length), body]), 0],
    ['a torn head', head(body.length).subarray(0, 100), 1],
    ['junk', Buffer.alloc(10_000, 'x'), 1],
    ['more than there is', Buffer.concat([head(body.length + 9), body, Buffer.alloc(5)]), 2]
  ] as const) {
    const before = origin.requests.length
    writeFileSync(join(partial, `${name}.part`), left)
    const { digest } = await json(world, url, '--force', '-o', 'out')
    t.equal(digest, `sha256:${sha256Hex(body)}`, what)
    t.equal(origin.requests.length - before, requests, `${what}: requests`)
  }
})

t.test('a password in the URL goes to its host and into no name', async t => {
  const { world, origin } = await setUp(t)
  origin.items.set('a', { body: Buffer.from('secret') })
  const url = origin.url.replace('http://', 'http://ann:p%40ss@')
  await world.line(['get', '--json', `${url}a`])
  t.equal(
    origin.requests[0]?.headers.authorization,
    `Basic ${Buffer.from('ann:p@ss').toString('base64')}`
  )
  const listed = await world.run(['ls', '/pkg/url'])
  t.notMatch(listed.stdout, /ann/)
})
