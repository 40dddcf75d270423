import { encode as encodePb } from '@ipld/dag-pb'
import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { blockLanes } from '../../src/net/block-lanes.ts'
import { bounds } from '../../src/net/bounds.ts'
import { until } from '../lib/pull-world.ts'
import {
  addBomb,
  addLinks,
  addTree,
  carHeader,
  fetcherOf,
  lackingOf,
  makeMachine,
  manyFiles,
  never,
  serveContent,
  servePlay
} from './bulk-world.ts'
import { absent, lies, useless } from './hostile-answers.ts'
import { makePeers, serve } from './peer-world.ts'

t.test('a peer that lies is banned, nothing wrong is stored, and another does', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  for (const [what, answer] of Object.entries(lies)) {
    const liar = await servePlay(t, a, answer)
    const good = await serveContent(t, a, [root])
    const b = makeMachine(t)
    const { fetcher, book } = fetcherOf(t, b, [liar.address, good.address])
    await fetcher.whole(root, never)
    t.same(lackingOf(b, a, root), [], what)
    t.match(book.banOf(liar.address), { why: 'lied' }, what)
    t.equal(book.banOf(good.address), undefined)
    for (const { multihash } of b.store.list()) {
      t.same(
        sha256Multihash(b.store.read(multihash)),
        multihash,
        `${what}: what is stored is right`
      )
    }
  }
})

t.test('peers that are no use: the others are asked, and none is banned', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  for (const [what, behaviour] of Object.entries(useless)) {
    const poor = await servePlay(t, a, behaviour)
    const good = await serveContent(t, a, [root])
    const b = makeMachine(t)
    const { fetcher, book } = fetcherOf(t, b, [poor.address, good.address])
    await fetcher.whole(root, never)
    t.same(lackingOf(b, a, root), [], what)
    t.equal(book.banOf(poor.address), undefined, what)
  }
})

t.test('who refuses is asked again: a body that nobody began keeps no connection', async t => {
  const refusing = await serve(t, (_, response) => response.writeHead(503).end('too many'))
  const { peers } = makePeers(t, [refusing.address])
  const [peer] = peers.askable()
  const [lane] = blockLanes(peers)
  for (let time = 0; time <= bounds.connections; time++) {
    const sent = lane!.send([absent], never)
    await t.rejects(sent[Symbol.asyncIterator]().next(), { code: 'unsupported' })
  }
  const answer = await peer!.request('/', { method: 'GET', signal: never })
  t.equal(answer.status, 503, 'and not a timeout, with all of its connections taken')
  await answer.body.return?.()
})

t.test('a peer that stalls is left for another', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  const stalling = await servePlay(t, a, (_, response) => void response.write(carHeader))
  const good = await serveContent(t, a, [root])
  const b = makeMachine(t)
  const { fetcher } = fetcherOf(t, b, [stalling.address, good.address])
  await fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
})

t.test('who breaks off and nobody else is there: he is asked again after a while', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  let lists = 0
  const shaky = await servePlay(t, a, (cids, response, record) => {
    if (++lists === 1) return void response.destroy()
    response.write(carHeader)
    for (const cid of cids) response.write(record(cid))
    response.end()
  })
  const b = makeMachine(t)
  const { fetcher, peers, time } = fetcherOf(t, b, [shaky.address], 30_000)
  const whole = fetcher.whole(root, never)
  await until(() => peers.rests())
  time.skippedMs += 10_001
  await whole
  t.same(lackingOf(b, a, root), [])
})

t.test('a DAG that unfolds without end is crossed once', async t => {
  const a = makeMachine(t)
  const root = addBomb(a, 40)
  const serving = await serveContent(t, a, [root])
  const b = makeMachine(t)
  const { fetcher, peers } = fetcherOf(t, b, [serving.address])
  await fetcher.whole(root, never)
  t.equal([...b.store.list()].length, 42)
  t.ok((peers.list()[0]?.bytes ?? 0) < 20_000)
})

t.test('a node that is linked as a leaf first is crossed all the same', async t => {
  const a = makeMachine(t)
  const inner = addTree(a, { file: Buffer.from('below') })
  const asLeaf = makeCid(codec.raw, inner.multihash.bytes)
  const root = addLinks(a, [asLeaf, inner])
  const serving = await serveContent(t, a, [root])
  const b = makeMachine(t)
  await fetcherOf(t, b, [serving.address]).fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
})

t.test('what only a node links that is its own hash is brought here too', async t => {
  const a = makeMachine(t)
  const below = addTree(a, { file: Buffer.from('below') })
  const node = encodePb({
    Data: Buffer.from([8, 1]),
    Links: [{ Hash: below, Name: 'b', Tsize: 1 }]
  })
  const own = makeCid(codec.dagPb, Uint8Array.of(0, node.byteLength, ...node))
  const root = addLinks(a, [own])
  const serving = await serveContent(t, a, [root])
  const b = makeMachine(t)
  await fetcherOf(t, b, [serving.address]).fetcher.whole(root, never)
  t.same(lackingOf(b, a, root), [])
})

t.test('a node of very many links does not end the serving of all else', async t => {
  const a = makeMachine(t)
  const root = addTree(a, { file: Buffer.from('shared') })
  const empty = makeCid(codec.raw, Uint8Array.of(0, 0))
  const wide = addLinks(
    a,
    Array.from({ length: 150_000 }, () => empty)
  )
  const serving = await serveContent(t, a, [wide, root])
  const answer = await fetch(`http://${serving.address}/ipfs/${root}?format=raw`)
  t.equal(answer.status, 200)
  await answer.body?.cancel()
})
