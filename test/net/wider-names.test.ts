import { randomBytes } from 'node:crypto'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import {
  nameOfRoutingKey,
  type RecordJudge,
  routingKey,
  topicOf
} from '../../src/net/libp2p/name-records.ts'
import { startNode } from '../../src/net/libp2p/start-node.ts'
import { until } from '../cli/run-cairn.ts'

const never = new AbortController().signal
const name = 'k51qzi5uqu5dl8kevgwhyor5bgzvz2uu397k5s6tcywfx6lqkkgfgyeiqppv12'
const block = Buffer.from('a block')
const cid = makeCid(codec.raw, sha256Multihash(block))

/** Records are texts: `good <number>` is right, and the higher number newer. */
function makeJudge(held: Map<string, string>) {
  const heard: string[] = []
  const judge: RecordJudge = {
    check: (_, record) => {
      if (!Buffer.from(record).toString().startsWith('good')) throw new Error('a wrong record')
    },
    compare: (_, one, other) => Buffer.compare(one, other),
    contentOf: () => cid,
    held: asked => {
      const text = held.get(asked)
      return text === undefined ? undefined : Buffer.from(text)
    },
    onRecord: (_, record) => heard.push(Buffer.from(record).toString())
  }
  return { judge, heard }
}

interface Setting {
  readonly bootstrap?: readonly string[]
  readonly gives?: readonly CID[]
}

async function makeNode(t: Test, { bootstrap = [], gives = [] }: Setting = {}) {
  const held = new Map<string, string>()
  const { judge, heard } = makeJudge(held)
  const node = await startNode({
    seed: randomBytes(32),
    listen: { host: '127.0.0.1', port: 0 },
    network: bootstrap.length > 0 ? 'public' : 'lan',
    isBanned: () => false,
    giver: {
      among: async cids => cids.filter(each => gives.some(given => given.equals(each))),
      read: async () => block
    },
    judge,
    bootstrap,
    onConnection: stream => stream.destroy(),
    onPeer: peer => peer.close()
  })
  t.teardown(() => node.close())
  const ask = async () =>
    (await node.wider.ask(name, never)).map(record => Buffer.from(record).toString())
  const tell = (text: string) => node.wider.tell(name, Buffer.from(text), never)
  return { ...node, held, heard, ask, tell, address: node.addresses()[0] ?? '' }
}

/** Servers of a DHT among themselves, as those of a network are. */
async function makeDht(t: Test, count: number): Promise<string[]> {
  const addresses: string[] = []
  for (let index = 0; index < count; index++) {
    const server = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      services: {
        identify: identify(),
        ping: ping(),
        dht: kadDHT({
          protocol: '/ipfs/lan/kad/1.0.0',
          clientMode: false,
          peerInfoMapper: passthroughMapper,
          validators: { ipns: async () => {} },
          selectors: { ipns: () => 0 },
          allowQueryWithZeroPeers: true
        })
      }
    })
    t.teardown(() => server.stop())
    const [before] = addresses.slice(-1)
    if (before !== undefined) {
      const { multiaddr } = await import('@multiformats/multiaddr')
      await server.dial(multiaddr(before))
    }
    addresses.push(String(server.getMultiaddrs()[0]))
  }
  return addresses
}

t.test('keys and topics are those of the specification', async t => {
  t.equal(nameOfRoutingKey(routingKey(name)), name)
  for (const wrong of ['', '/ipns/', '/pk/x', '/ipns/x']) {
    t.equal(nameOfRoutingKey(Buffer.from(wrong)), undefined, JSON.stringify(wrong))
  }
  // By hand: /ipns/ and the key, in base64url without padding.
  t.match(topicOf(name), /^\/record\/L2lwbnMvAC[A-Za-z0-9_-]+$/)
})

t.test(
  'a record told in a topic comes to who asked for the name; a wrong one to nobody',
  async t => {
    const [a, b, c] = [await makeNode(t), await makeNode(t), await makeNode(t)]
    b.peerAt(a.address)
    c.peerAt(b.address)
    t.strictSame(await b.ask(), [], 'nobody has it yet')
    a.held.set(name, 'good 1')
    await a.ask()
    await until(async () => (await b.ask()).includes('good 1'))
    t.pass('who joins is told what is held')
    await c.ask()
    await until(async () => {
      await a.tell('good 2')
      return b.heard.includes('good 2') && c.heard.includes('good 2')
    })
    await a.tell('bad 3').catch(() => {})
    await until(async () => {
      await a.tell('good 4')
      return b.heard.includes('good 4')
    })
    t.notOk([...b.heard, ...c.heard].some(text => text.startsWith('bad')))
  }
)

t.test('a name is put into a DHT and found by another; who has a block is found too', async t => {
  const dht = await makeDht(t, 3)
  const publisher = await makeNode(t, { bootstrap: dht.slice(0, 1), gives: [cid] })
  const asker = await makeNode(t, { bootstrap: dht.slice(1, 2) })
  await until(async () => {
    await publisher.tell('good 1').catch(() => {})
    return (await asker.ask()).includes('good 1')
  })
  t.pass('resolved')
  await until(async () => {
    const got = await asker.wider.fetch(cid, never)
    return got !== undefined && Buffer.compare(got, block) === 0
  })
  t.pass('and its content is had from who announced it')
})
