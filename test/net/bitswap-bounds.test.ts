import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { limits } from '../../src/base/limits.ts'
import { bounds } from '../../src/net/bounds.ts'
import type { Want } from '../../src/net/libp2p/bitswap-message.ts'
import { ByteBudget } from '../../src/net/libp2p/byte-budget.ts'
import { BitswapServer, type BlockGiver } from '../../src/net/libp2p/serve-bitswap.ts'
import { until } from '../lib/pull-world.ts'

const cids = (count: number): CID[] =>
  Array.from({ length: count }, (_, index) =>
    makeCid(codec.raw, sha256Multihash(Buffer.from(`block ${index}`)))
  )
const wantsOf = (list: readonly CID[]): Want[] =>
  list.map(cid => ({ cid, kind: 'block', tellAbsence: true }))
const peerNamed = (name: string) => ({ toString: () => name }) as PeerId

/** A node on which a message is never taken by the other side. */
const stuckNode = {
  getConnections: () => [
    {
      newStream: (_: string, { signal }: { signal: AbortSignal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
  ]
} as unknown as Libp2p

t.test(
  'peers who do not read make us hold no more than the bound, however many they are',
  async t => {
    const end = new AbortController()
    t.teardown(() => end.abort())
    const block = new Uint8Array(limits.blockBytes)
    let held = 0
    const giver: BlockGiver = {
      among: async list => list,
      read: async () => {
        held += block.byteLength
        return block
      }
    }
    const server = new BitswapServer(stuckNode, giver, end.signal)
    for (let peer = 0; peer < 64; peer++) server.take(peerNamed(`p${peer}`), wantsOf(cids(8)))
    await until(() => held > bounds.bitswapSendingBytes / 2)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    t.ok(held <= bounds.bitswapSendingBytes, `${held} bytes`)
  }
)

t.test('one peer that wants without end leaves the others their share', async t => {
  const end = new AbortController()
  t.teardown(() => end.abort())
  const lookedUp: number[] = []
  const go = Promise.withResolvers<void>()
  const giver: BlockGiver = {
    among: async list => {
      lookedUp.push(list.length)
      await go.promise
      return []
    },
    read: async () => undefined
  }
  const quiet = wantsOf(cids(1024)).map(want => ({ ...want, tellAbsence: false }))
  const server = new BitswapServer(stuckNode, giver, end.signal)
  for (let message = 0; message < 40; message++) server.take(peerNamed('greedy'), quiet)
  server.take(peerNamed('modest'), quiet)
  go.resolve()
  const all = () => lookedUp.reduce((sum, each) => sum + each, 0)
  const most = bounds.bitswapWaitingOfPeer + bounds.bitswapTogether + quiet.length
  await until(() => all() >= bounds.bitswapWaitingOfPeer + quiet.length)
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
  t.ok(all() <= most, `${all()} wants were looked up`)
})

t.test('a budget is given in the order it was asked for, and back', async t => {
  const budget = new ByteBudget(10)
  const never = new AbortController().signal
  const order: string[] = []
  const back = await budget.take(8, never)
  const long = budget.take(9, never).then(giveBack => {
    order.push('long')
    giveBack()
  })
  const short = budget.take(1, never).then(() => void order.push('short'))
  await new Promise(setImmediate)
  t.same(order, [], 'a short one does not go before')
  back()
  await Promise.all([long, short])
  t.same(order, ['long', 'short'])
  const gone = new AbortController()
  const hopeless = budget.take(10, gone.signal)
  const next = budget.take(9, never)
  gone.abort(new Error('gone'))
  await t.rejects(hopeless, { message: 'gone' })
  await next
  await t.rejects(budget.take(1, AbortSignal.abort(new Error('late'))), { message: 'late' })
})
