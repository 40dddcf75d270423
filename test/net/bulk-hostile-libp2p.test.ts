import { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { sha256Multihash } from '../../src/base/blocks.ts'
import type { HttpDoor } from '../../src/base/http.ts'
import {
  type Answer,
  addBomb,
  addTree,
  contentOf,
  fetcherFrom,
  lackingOf,
  type Machine,
  makeMachine,
  manyFiles,
  never,
  playOf
} from './bulk-world.ts'
import { lies, useless } from './hostile-answers.ts'
import { makeNode } from './libp2p-world.ts'

type Node = Awaited<ReturnType<typeof makeNode>>

/** A peer that plays what it is told to, a good one, and who asks both: over libp2p and what stands beside it. */
async function makeThree(t: Test, a: Machine, root: Parameters<typeof contentOf>[1][number]) {
  const secured: TLSSocket[] = []
  const play: { answer: Answer } = { answer: useless['has nothing']! }
  const door: HttpDoor = {
    name: 'play',
    accepts: () => true,
    serve: (request, response) =>
      new Promise(resolve => {
        response.once('close', resolve)
        playOf(a, (...asked) => play.answer(...asked))(request, response)
      })
  }
  const hostile = await makeNode(t, {
    doors: [door],
    finds: false,
    onConnection: stream => {
      if (stream instanceof TLSSocket) secured.push(stream)
    }
  })
  const good = await makeNode(t, { doors: contentOf(a, [root]).doors, finds: false })
  const asking = await makeNode(t, { finds: false })
  const add = (node: Node) => asking.book.add(node.addresses()[0]!)
  return { play, hostile, good, asking, add, secured }
}

/** What stands in a machine's store has the hash that it is stored by. */
function allRight({ store }: Machine): boolean {
  return [...store.list()].every(({ multihash }) => {
    return Buffer.compare(sha256Multihash(store.read(multihash)), multihash) === 0
  })
}

t.test('who lies over libp2p is banned, nothing wrong is stored, and another does', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  const { play, hostile, good, asking, add, secured } = await makeThree(t, a, root)
  for (const [what, answer] of Object.entries(lies)) {
    play.answer = answer
    // Alone first: it is surely asked.
    add(hostile)
    const b = makeMachine(t)
    // A list of one block comes by a stream; of what the root links there are two.
    b.store.put(root, a.store.read(root.multihash.bytes))
    await t.rejects(fetcherFrom(asking, b).whole(root, never), { code: 'missing' }, what)
    t.match(asking.book.banOf(hostile.id), { why: 'lied' }, what)
    add(good)
    await fetcherFrom(asking, b).whole(root, never)
    t.same(lackingOf(b, a, root), [], what)
    t.ok(allRight(b), `${what}: what is stored is right`)
    t.equal(asking.book.banOf(good.id), undefined)
    for (const peer of asking.book.list()) asking.book.remove(peer)
    asking.book.remove(hostile.id)
  }
  t.ok(secured.length > 0, 'they had connections of their own')
})

t.test('who is no use over libp2p costs no ban', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  const { play, hostile, good, asking, add } = await makeThree(t, a, root)
  add(hostile)
  add(good)
  for (const [what, answer] of Object.entries(useless)) {
    play.answer = answer
    const b = makeMachine(t)
    await fetcherFrom(asking, b).whole(root, never)
    t.same(lackingOf(b, a, root), [], what)
    t.equal(asking.book.banOf(hostile.id), undefined, what)
    asking.time.skippedMs += 10_001
  }
})

t.test('who stalls over libp2p is left for another', async t => {
  const a = makeMachine(t)
  const root = addTree(a, manyFiles(100))
  const { play, hostile, good, asking, add } = await makeThree(t, a, root)
  play.answer = (cids, response, record) => void response.write(record(cids[0]!).subarray(0, 3))
  add(hostile)
  add(good)
  const b = makeMachine(t)
  await fetcherFrom(asking, b).whole(root, never)
  t.same(lackingOf(b, a, root), [])
})

t.test('a DAG that unfolds without end is crossed once over libp2p too', async t => {
  const a = makeMachine(t)
  const root = addBomb(a, 40)
  const { good, asking, add } = await makeThree(t, a, root)
  add(good)
  const b = makeMachine(t)
  await fetcherFrom(asking, b).whole(root, never)
  t.equal([...b.store.list()].length, 42)
})
