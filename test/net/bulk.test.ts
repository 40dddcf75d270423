import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { seededBytes } from '../lib/deterministic.ts'
import {
  addTree,
  bytesOf,
  carHeader,
  fetcherOf,
  lackingOf,
  makeMachine,
  manyFiles,
  never,
  recordOf,
  serveContent,
  servePlay,
  type Tree
} from './bulk-world.ts'

const MiB = 1024 * 1024

t.test('a list is answered by what is here and shared, in its order', async t => {
  const machine = makeMachine(t)
  const shared = addTree(machine, { a: Buffer.from('a'), b: Buffer.from('b') })
  const hidden = addTree(machine, { secret: Buffer.from('secret') })
  const { address } = await serveContent(t, machine, [shared])
  const url = `http://${address}/cairn/peer/1/blocks`
  const ask = async (body: Uint8Array) => {
    const answer = await fetch(url, { method: 'POST', body: Buffer.from(body) })
    return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) }
  }
  const links = machine.reader.list(shared.code, shared.multihash.bytes)
  const cids = [...machine.reader.walk(shared)].map(({ codec, multihash }) =>
    makeCid(codec, multihash)
  )
  t.equal(links.length, 2)
  const list = Buffer.concat([hidden.bytes, ...cids.toReversed().map(({ bytes }) => bytes)])
  const records = cids
    .toReversed()
    .map(({ code, multihash }) =>
      recordOf(code, multihash.bytes, machine.store.read(multihash.bytes))
    )
  t.same(await ask(list), { status: 200, bytes: Buffer.concat([carHeader, ...records]) })
  t.same(await ask(hidden.bytes), { status: 200, bytes: Buffer.from(carHeader) })
  t.equal((await ask(Buffer.alloc(0))).status, 200, 'an empty list')
  const cases: ReadonlyArray<[string, Uint8Array, number]> = [
    ['noise', Buffer.from('noise'), 400],
    ['half a CID', shared.bytes.subarray(0, 20), 400],
    ['a CID and noise', Buffer.concat([shared.bytes, Buffer.from('x')]), 400],
    ['1,025 CIDs', Buffer.concat(Array.from({ length: 1025 }, () => shared.bytes)), 413],
    ['100,000 bytes', Buffer.alloc(100_000, 1), 413]
  ]
  for (const [what, body, status] of cases) t.equal((await ask(body)).status, status, what)
  t.equal((await fetch(url)).status, 404, 'GET')
})

t.test('a whole tree comes in as many lists as it is deep, and nothing twice', async t => {
  const a = makeMachine(t)
  const b = makeMachine(t)
  const root = addTree(a, { sub: manyFiles(1000), big: seededBytes(3 * MiB, 'big') })
  const serving = await serveContent(t, a, [root])
  const { fetcher, peers } = fetcherOf(t, b, [serving.address])
  await fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
  const blocks = bytesOf(a, root)
  const bytes = [...blocks.values()].reduce((sum, each) => sum + each, 0)
  t.equal(
    serving.asked.reduce((sum, each) => sum + each, 0),
    blocks.size,
    'each block once'
  )
  t.ok(serving.asked.length <= 5, `${serving.asked.length} lists for four levels`)
  t.equal(peers.list()[0]?.bytes, bytes)
  await fetcher.whole(root, never)
  t.ok(serving.asked.length <= 5, 'what is here is not asked for again')
})

t.test('of a tree that changed a little, little is moved', async t => {
  const a = makeMachine(t)
  const b = makeMachine(t)
  const tree = manyFiles(1000)
  const old = addTree(a, tree)
  const changed = { ...tree, d3: { ...(tree.d3 as Tree), f150: seededBytes(20_000, 'anew') } }
  const root = addTree(a, changed)
  const serving = await serveContent(t, a, [old, root])
  const { fetcher } = fetcherOf(t, b, [serving.address])
  await fetcher.whole(old, never)
  const before = serving.sent.bytes
  const lists = serving.asked.length
  await fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
  t.same(serving.asked.slice(lists), [1, 1, 1], 'the root, a folder, a file')
  t.ok(serving.sent.bytes - before < 30_000, `${serving.sent.bytes - before} bytes`)
})

t.test('several peers send at once, each what it has', async t => {
  const a = makeMachine(t)
  const root = addTree(a, { big: seededBytes(40 * MiB, 'big') })
  const one = await serveContent(t, a, [root])
  const two = await serveContent(t, a, [root])
  const b = makeMachine(t)
  const { fetcher } = fetcherOf(t, b, [one.address, two.address])
  await fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
  t.ok(one.sent.bytes > 4 * MiB, `${one.sent.bytes} bytes of one`)
  t.ok(two.sent.bytes > 4 * MiB, `${two.sent.bytes} bytes of the other`)
  t.ok(one.sent.bytes + two.sent.bytes < 41 * MiB, 'and none of it twice')
})

t.test('halves that lie with different peers make a whole', async t => {
  const whole = makeMachine(t)
  const tree = { left: manyFiles(200, 'left'), right: manyFiles(200, 'right') }
  const root = addTree(whole, tree)
  const left = makeMachine(t)
  const right = makeMachine(t)
  const roots = [addTree(left, tree.left), addTree(right, tree.right)] as const
  const rootOnly = makeMachine(t)
  rootOnly.store.put(root, whole.store.read(root.multihash.bytes))
  rootOnly.store.flush()
  const peers = [
    await serveContent(t, left, [roots[0]]),
    await serveContent(t, right, [roots[1]]),
    await serveContent(t, rootOnly, [root])
  ]
  const b = makeMachine(t)
  const { fetcher } = fetcherOf(
    t,
    b,
    peers.map(({ address }) => address)
  )
  await fetcher.whole(root, never)
  t.same(lackingOf(b, whole, root), [])
})

t.test('a peer that dies in the middle: another goes on', async t => {
  const a = makeMachine(t)
  const root = addTree(a, { big: seededBytes(30 * MiB, 'big') })
  const good = await serveContent(t, a, [root])
  let lists = 0
  const dying = await servePlay(t, a, (cids, response, record) => {
    response.write(carHeader)
    for (const cid of cids.slice(0, -1)) response.write(record(cid))
    const last = record(cids.at(-1)!)
    if (++lists < 4) response.end(last)
    else response.write(last.subarray(0, last.length / 2), () => response.destroy())
  })
  const b = makeMachine(t)
  const { fetcher, peers } = fetcherOf(t, b, [dying.address, good.address])
  await fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
  const bytes = peers.list().reduce((sum, each) => sum + each.bytes, 0)
  t.ok(bytes < 31 * MiB, `what had come is not sent again: ${bytes} bytes`)
})

t.test('nobody is left: it fails clearly, and goes on from there the next time', async t => {
  const a = makeMachine(t)
  const root = addTree(a, { big: seededBytes(30 * MiB, 'big') })
  let lists = 0
  const dying = await servePlay(t, a, (cids, response, record) => {
    if (++lists > 3) return void response.destroy()
    response.write(carHeader)
    for (const cid of cids) response.write(record(cid))
    response.end()
  })
  const b = makeMachine(t)
  const first = fetcherOf(t, b, [dying.address])
  await t.rejects(first.fetcher.whole(root, never), { code: 'missing', message: /not here/ })
  const lacking = lackingOf(b, a, root).length
  t.ok(lacking > 5 && lacking < 29, `${lacking} of 32 blocks lack`)
  const good = await serveContent(t, a, [root])
  const second = fetcherOf(t, b, [good.address])
  await second.fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
  t.equal(
    good.asked.reduce((sum, each) => sum + each, 0),
    lacking,
    'only what lacked'
  )
})

t.test('what somebody who has gone wanted is not fetched on', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  const leave = new AbortController()
  const silent = await servePlay(t, a, () => leave.abort())
  const b = makeMachine(t)
  const { fetcher } = fetcherOf(t, b, [silent.address])
  await t.rejects(fetcher.whole(root, leave.signal), { name: 'AbortError' })
  await wait(0)
  t.equal(silent.asked.length, 1)
})
