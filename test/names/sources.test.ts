import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { openDnslink } from '../../src/names/dnslink.ts'
import { openGatewaySource } from '../../src/names/gateway-source.ts'
import { addFolder, never, pair, refresherOf, shownAt } from './names-home.ts'

t.test('a gateway is asked as the specification says, and bounded', async t => {
  const { publisher, follower, name, first } = pair(t)
  const asked: string[] = []
  let answer: 'right' | 'endless' | 'error' | 'redirect' | 'cut' = 'right'
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.accept}`)
    const record = publisher.names.record(name)?.bytes
    const cid = /^\/ipfs\/([^?]+)/.exec(request.url ?? '')?.[1]
    const bytes = cid === undefined ? record : publisher.store.read(CID.parse(cid).multihash.bytes)
    if (answer === 'error') response.writeHead(500).end()
    else if (answer === 'redirect') response.writeHead(302, { location: '/elsewhere' }).end()
    else if (answer === 'endless') response.writeHead(200).end(Buffer.alloc(8 << 20))
    else if (answer === 'cut')
      response.writeHead(200, { 'content-length': 999 }).write('x', () => response.destroy())
    else if (request.url?.includes('unknown')) response.writeHead(404).end()
    else response.end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close().closeAllConnections())
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const gateway = openGatewaySource(base)
  follower.names.follow(name, { whole: true })
  await refresherOf(follower, [gateway]).refresh({ target: name }, never)
  t.equal(shownAt(follower.names, name), first.toString())
  t.strictSame(asked.slice(0, 2), [
    `/ipns/${name}?format=ipns-record application/vnd.ipfs.ipns-record`,
    `/ipfs/${first}?format=raw application/vnd.ipld.raw`
  ])
  t.strictSame(await gateway.ask('unknown', never), [])
  for (const [bad, code] of [
    ['endless', 'file-too-large'],
    ['error', 'upstream'],
    ['redirect', 'upstream'],
    ['cut', 'upstream']
  ] as const) {
    answer = bad
    await t.rejects(gateway.ask(name, never), { code }, bad)
    await t.rejects(gateway.fetch(first, never), { code }, bad)
  }
  await t.rejects(openGatewaySource('http://127.0.0.1:1/').ask(name, never), { code: 'upstream' })
  await t.rejects(gateway.ask(name, AbortSignal.abort()), { code: 'aborted' })
})

t.test('a domain leads to a key or a CID by DNSLink', async t => {
  const { publisher, follower, name, first, source } = pair(t)
  let text = `dnslink=/ipns/${name}`
  const { port } = await fakeDns(t, () => text)
  const dnslink = openDnslink([`127.0.0.1:${port}`])
  follower.names.follow('Blog.Example', { alias: 'blog', whole: false })
  const refresher = refresherOf(follower, [source], dnslink)
  await refresher.refresh({ target: 'blog.example' }, never)
  t.match(follower.names.follows(), [{ target: 'blog.example', name }])
  t.equal(shownAt(follower.names, 'blog'), first.toString())
  t.equal(shownAt(follower.names, 'blog.example'), first.toString())
  const second = addFolder(publisher, 'second')
  text = `dnslink=/ipfs/${second}`
  await refresher.refresh({ target: 'blog.example' }, never)
  t.equal(shownAt(follower.names, 'blog'), second.toString(), 'now a CID')
  for (const [bad, code] of [
    ['dnslink=nowhere', 'not-found'],
    ['v=spf1', 'not-found'],
    ['dnslink=/ipns/', 'not-found'],
    ['dnslink=/ipfs/notacid', 'invalid']
  ] as const) {
    text = bad
    await t.rejects(refresher.refresh({ target: 'blog.example' }, never), { code }, bad)
    t.equal(shownAt(follower.names, 'blog'), second.toString(), bad)
  }
  await t.rejects(
    refresherOf(follower, [source]).refresh({ target: 'blog.example' }, never),
    { code: 'upstream' },
    'DNS is off'
  )
})

/** Answers every question for TXT with one text: https://www.rfc-editor.org/rfc/rfc1035#section-4 */
async function fakeDns(t: Test, text: () => string) {
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => {
    const value = Buffer.from(text())
    const head = Buffer.from(question.subarray(0, 12))
    head.writeUInt16BE(0x8180, 2)
    head.writeUInt16BE(1, 6)
    head.writeUInt16BE(0, 10)
    const asked = question.subarray(12, question.indexOf(0, 12) + 5)
    const answer = Buffer.from('c00c00100001000000010000', 'hex')
    answer.writeUInt16BE(value.byteLength + 1, 10)
    socket.send(
      Buffer.concat([head, asked, answer, Buffer.from([value.byteLength]), value]),
      port,
      address
    )
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  t.teardown(() => socket.close())
  return { port: socket.address().port }
}
