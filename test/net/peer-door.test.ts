import t from 'tap'
import { digestOf } from '../../src/base/digest.ts'
import { isLanAddress } from '../../src/net/lan-address.ts'
import { hostOf, parsePeerAddress } from '../../src/net/peer-book.ts'
import { InUse } from '../../src/pull/in-use.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { fails } from '../lib/fails.ts'
import { until } from '../lib/pull-world.ts'
import { hold, makeMachine, makePeers, servePeers } from './peer-world.ts'

const bytes = seededBytes(3_000_000, 'served')

t.test('a digest is asked for whole, by range, and by HEAD', async t => {
  const machine = makeMachine(t)
  const digest = await hold(t, machine, 'a.deb', bytes)
  const { address } = await servePeers(t, machine)
  const url = `http://${address}/cairn/peer/1/digest/${digest}`
  const head = await fetch(url, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), String(bytes.length))
  const whole = await fetch(url)
  t.equal(Buffer.compare(Buffer.from(await whole.arrayBuffer()), bytes), 0)
  const rest = await fetch(url, { headers: { range: 'bytes=2999990-' } })
  t.equal(rest.status, 206)
  t.equal(rest.headers.get('content-range'), 'bytes 2999990-2999999/3000000')
  t.same(Buffer.from(await rest.arrayBuffer()), bytes.subarray(2999990))
  t.equal((await fetch(url, { headers: { range: 'bytes=3000000-' } })).status, 416)
})

t.test('what a peer was told of, or is being sent, is in use: no budget drops it', async t => {
  const machine = makeMachine(t)
  const digest = await hold(t, machine, 'a.deb', bytes)
  let skippedMs = 0
  const inUse = new InUse({ nowMs: () => Date.now() + skippedMs })
  const { address } = await servePeers(t, machine, 1_000_000, inUse)
  const { cid } = machine.catalog.byDigest(digest)!
  const used = () => inUse.has(cid.multihash.bytes)
  t.equal(used(), false)
  const url = `http://${address}/cairn/peer/1/digest/${digest}`
  await fetch(url, { method: 'HEAD' })
  t.equal(used(), true, 'it will be asked for')
  skippedMs += 3_600_000
  t.equal(used(), false)
  const leave = new AbortController()
  const pieces = (await fetch(url, { signal: leave.signal })).body!.getReader()
  await pieces.read()
  skippedMs += 3_600_000
  t.equal(used(), true, 'as long as it is read')
  leave.abort()
  await until(() => !used())
})

t.test('what is not public, not here, or no digest', async t => {
  const machine = makeMachine(t)
  const secret = await hold(t, machine, 'private/a', bytes)
  const { address } = await servePeers(t, machine)
  const base = `http://${address}/cairn/peer/1/`
  const cases = [
    [`digest/${secret}`, 404],
    [`digest/${digestOf('sha256', Buffer.from('none'))}`, 404],
    [`digest/${digestOf('md5', bytes)}`, 400],
    ['digest/sha256:00', 400],
    ['digest/', 400],
    ['digest/sha256:../../etc/passwd', 404],
    [`digest/${'a'.repeat(5000)}`, 400],
    ['names/hello', 404],
    ['', 404]
  ] as const
  for (const [path, status] of cases) {
    const answer = await fetch(base + path)
    await answer.text()
    t.equal(answer.status, status, path.slice(0, 80))
  }
  await hold(t, machine, 'public/a', bytes)
  t.equal(
    (await fetch(`${base}digest/${secret}`)).status,
    200,
    'the same bytes from a public place'
  )
})

t.test('a record is brought by PUT, and not a long one', async t => {
  const { address, records } = await servePeers(t, makeMachine(t))
  const url = `http://${address}/cairn/peer/1/record/k51example`
  t.equal((await fetch(url, { method: 'PUT', body: 'signed' })).status, 204)
  t.same(Buffer.from(records.get('k51example') ?? []), Buffer.from('signed'))
  const long = await fetch(url, { method: 'PUT', body: Buffer.alloc(20_000) })
  t.equal(long.status, 413)
  t.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 404)
})

t.test('all that is sent together keeps to a rate', async t => {
  const machine = makeMachine(t)
  const digest = await hold(t, machine, 'a.deb', bytes)
  const rate = 4_000_000
  const { address } = await servePeers(t, machine, rate)
  const began = performance.now()
  const answers = Array.from({ length: 2 }, async () => {
    const answer = await fetch(`http://${address}/cairn/peer/1/digest/${digest}`)
    await answer.arrayBuffer()
  })
  await Promise.all(answers)
  const leastMs = ((2 * bytes.length) / rate - 0.5) * 1000
  t.ok(performance.now() - began >= leastMs, 'six megabytes at four a second take more than one')
})

t.test('addresses of peers', async t => {
  t.equal(parsePeerAddress('192.168.1.7'), '192.168.1.7:7071')
  t.equal(parsePeerAddress('Host.example:99'), 'host.example:99')
  t.equal(parsePeerAddress('[FE80::1]:99'), '[fe80::1]:99')
  const id = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'
  for (const host of ['/ip4/192.168.1.7', '/ip6/fe80::1']) {
    t.equal(parsePeerAddress(`${host}/tcp/7072/p2p/${id}/`), `${host}/tcp/7072/p2p/${id}`)
  }
  t.equal(hostOf(`/ip6/fe80::1/tcp/7072/p2p/${id}`), 'fe80::1')
  for (const wrong of [
    '/',
    `/ip4/192.168.1.7/tcp/7072`,
    `/ip4/192.168.1.7/tcp/0/p2p/${id}`,
    `/ip4/192.168.1.7/tcp/99999/p2p/${id}`,
    `/ip4/192.168.1.777/tcp/1/p2p/${id}`,
    `/ip6/192.168.1.7/tcp/1/p2p/${id}`,
    `/dns4/host.example/tcp/1/p2p/${id}`,
    `/ip4/192.168.1.7/tcp/1/p2p/${id}/p2p-circuit/p2p/${id}`,
    '/ip4/192.168.1.7/tcp/1/p2p/12D3Koo',
    `/ip4/192.168.1.7/tcp/1/p2p/${'1'.repeat(100_000)}`
  ]) {
    fails(t, 'invalid', () => parsePeerAddress(wrong), wrong.slice(0, 99))
  }
  for (const wrong of [
    '',
    ':1',
    'a b',
    'http://x',
    '1.2.3.4:0',
    '1.2.3.4:70000',
    'fe80::1',
    '[x]:1',
    'a/b'
  ]) {
    fails(t, 'invalid', () => parsePeerAddress(wrong), wrong)
  }
  const lan = [
    '10.1.2.3',
    '127.0.0.1',
    '172.31.0.1',
    '192.168.0.1',
    '169.254.1.1',
    'fe80::1',
    'fd00::1',
    '::1'
  ]
  const beyond = [
    '8.8.8.8',
    '172.32.0.1',
    '100.64.0.1',
    '2001:db8::1',
    'localhost',
    'host',
    '',
    '::ffff:8.8.8.8'
  ]
  for (const address of lan) t.ok(isLanAddress(address), address)
  for (const address of beyond) t.notOk(isLanAddress(address), address)
})

t.test(
  'peers beyond the LAN are on the list and not asked; a ban of the operator lasts',
  async t => {
    const { book, peers, time } = makePeers(t, ['10.9.9.9', '8.8.8.8', 'peer.example'])
    t.same(book.list(), ['10.9.9.9:7071', '8.8.8.8:7071', 'peer.example:7071'])
    t.same(
      peers.askable().map(({ id }) => id),
      ['10.9.9.9:7071']
    )
    fails(t, 'exists', () => book.add('10.9.9.9'))
    book.ban('10.9.9.9:7071', { untilMs: time.skippedMs + Date.now() + 1000, why: 'lied' })
    t.same(peers.askable(), [])
    t.ok(book.remove('10.9.9.9:7071'))
    t.notOk(book.remove('10.9.9.9:7071'))
  }
)
