import { randomBytes } from 'node:crypto'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import type { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { encodeVarint } from '../../src/base/car.ts'
import { encodeFields } from '../../src/base/protobuf-fields.ts'
import { startBitswap } from '../../src/net/libp2p/bitswap.ts'
import { decodeMessage, encodeMessage } from '../../src/net/libp2p/bitswap-message.ts'
import { bitswapProtocol } from '../../src/net/libp2p/bitswap-streams.ts'
import { until } from '../cli/run-cairn.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { fails } from '../lib/fails.ts'

const cidOf = (bytes: Uint8Array, code: number = codec.raw, version: 0 | 1 = 1) =>
  makeCid(code, sha256Multihash(bytes), version)
const never = new AbortController().signal
const block = seededBytes(70_000, 'block')

async function makeNode(t: Test) {
  const node = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() }
  })
  t.teardown(() => node.stop())
  return node
}

type Node = Awaited<ReturnType<typeof makeNode>>

/** A node that speaks bitswap, and gives what is in `blocks` unless it is in `secret`. */
async function makeSpeaker(t: Test, secret: readonly CID[] = []) {
  const node = await makeNode(t)
  const blocks = new Map<string, Uint8Array>()
  const banned = new Set<string>()
  const asked: string[] = []
  const giver = {
    among: async (cids: readonly CID[]) => {
      asked.push(...cids.map(String))
      return cids.filter(cid => blocks.has(String(cid)) && !secret.some(each => each.equals(cid)))
    },
    read: async (cid: CID) => blocks.get(String(cid))
  }
  const bitswap = await startBitswap({ node, giver, isBanned: id => banned.has(id) })
  t.teardown(() => bitswap.close())
  const add = (bytes: Uint8Array, code?: number, version?: 0 | 1) => {
    const cid = cidOf(bytes, code, version)
    blocks.set(String(cid), bytes)
    return cid
  }
  return { node, bitswap, add, asked, banned, id: String(node.peerId) }
}

/** Connected, and each knows what the other speaks. */
async function connect(from: Node, to: Node): Promise<void> {
  const [address] = to.getMultiaddrs()
  if (address === undefined) throw new Error('it does not listen')
  await from.dial(address)
  await until(async () => {
    const known = await from.peerStore.get(to.peerId)
    return known.protocols.includes(bitswapProtocol)
  })
}

t.test('a message comes back as it was', async t => {
  const cid = cidOf(block)
  const old = cidOf(block, codec.dagPb, 0)
  const wants = [
    { cid, kind: 'block', tellAbsence: true },
    { cid: old, kind: 'have', tellAbsence: false },
    { cid, kind: 'cancel', tellAbsence: false }
  ] as const
  const presences = [
    { cid, has: true },
    { cid: old, has: false }
  ]
  const read = decodeMessage(encodeMessage({ wants, presences, blocks: [{ cid, bytes: block }] }))
  t.same(
    read.wants.map(({ cid, ...rest }) => ({ ...rest, cid: String(cid) })),
    [
      { kind: 'block', tellAbsence: true, cid: String(cid) },
      { kind: 'have', tellAbsence: false, cid: String(old) },
      { kind: 'cancel', tellAbsence: false, cid: String(cid) }
    ]
  )
  t.same(
    read.presences.map(({ cid, has }) => [String(cid), has]),
    [
      [String(cid), true],
      [String(old), false]
    ]
  )
  t.equal(Buffer.compare(read.blocks[0] ?? new Uint8Array(0), block), 0)
  t.same(decodeMessage(new Uint8Array(0)), { wants: [], blocks: [], presences: [] })
})

t.test('hostile messages are refused', async t => {
  const bytes = encodeMessage({ blocks: [{ cid: cidOf(block), bytes: block }] })
  for (const length of [1, 3, 9, 100, bytes.byteLength - 1]) {
    t.throws(
      () => decodeMessage(bytes.subarray(0, length)),
      { name: 'CairnError' },
      `${length} bytes`
    )
  }
  const wants = Array.from(
    { length: 1025 },
    () => ({ cid: cidOf(block), kind: 'have', tellAbsence: true }) as const
  )
  fails(t, 'invalid', () => decodeMessage(encodeMessage({ wants })), 'too many wants')
  const field = (number: number, value: Uint8Array | bigint) => encodeFields([{ number, value }])
  fails(t, 'invalid', () => decodeMessage(field(1, field(1, field(1, Buffer.from('no CID'))))))
  fails(t, 'invalid', () => decodeMessage(field(4, field(2, 0n))), 'a presence of nothing')
  fails(
    t,
    'invalid',
    () => decodeMessage(field(3, field(1, Buffer.alloc(4)))),
    'a block without bytes'
  )
  const tiny = Buffer.alloc(40_000, Uint8Array.of(0x48, 1))
  const cid = { number: 1, value: cidOf(block).bytes }
  const crowds = {
    'of a message': tiny,
    'of a list': field(1, tiny),
    'of a want': field(1, field(1, Buffer.concat([encodeFields([cid]), tiny]))),
    'of a presence': field(4, Buffer.concat([encodeFields([cid]), tiny])),
    'that are empty lists': Buffer.alloc(40_000, Uint8Array.of(0x0a, 0))
  }
  for (const [what, crowd] of Object.entries(crowds)) {
    fails(t, 'invalid', () => decodeMessage(crowd), `20,000 fields ${what}`)
  }
  const sha512 = Uint8Array.of(1, 0x55, 0x13, 64)
  const other = encodeFields([
    { number: 1, value: sha512 },
    { number: 2, value: block }
  ])
  t.same(decodeMessage(field(3, other)).blocks, [], 'of another hash than is asked for')
  for (let round = 0; round < 200; round++) {
    try {
      decodeMessage(randomBytes(1 + (round % 97)))
    } catch (cause) {
      t.match(cause, { name: 'CairnError' })
    }
  }
})

t.test('a block is had from a connected peer; what may not be given is "not here"', async t => {
  const secret = cidOf(Buffer.from('secret'))
  const giver = await makeSpeaker(t, [secret])
  giver.add(Buffer.from('secret'))
  const asker = await makeSpeaker(t)
  t.equal(await asker.bitswap.fetch(secret, never), undefined, 'nobody is connected')
  await connect(asker.node, giver.node)
  for (const [bytes, code, version] of [
    [block, codec.raw, 1],
    [seededBytes(2 ** 21, 'large'), codec.raw, 1],
    [Buffer.alloc(0), codec.raw, 1],
    [block, codec.dagPb, 0],
    [block, 0x0129, 1]
  ] as const) {
    const cid = giver.add(bytes, code, version)
    const got = await asker.bitswap.fetch(cid, never)
    t.equal(Buffer.compare(got ?? Buffer.from('none'), bytes), 0, String(cid))
  }
  t.equal(await asker.bitswap.fetch(secret, never), undefined)
  t.equal(await asker.bitswap.fetch(cidOf(Buffer.from('not there')), never), undefined)
  const many = Array.from({ length: 200 }, (_, index) =>
    giver.add(seededBytes(9_000, `many ${index}`))
  )
  const got = await Promise.all([...many, ...many].map(cid => asker.bitswap.fetch(cid, never)))
  t.ok(
    got.every((bytes, index) => bytes !== undefined && cidOf(bytes).equals(many[index % 200])),
    'many at once'
  )
  giver.banned.add(asker.id)
  asker.banned.add(giver.id)
  t.equal(
    await asker.bitswap.fetch(giver.add(Buffer.from('later')), never),
    undefined,
    'it is banned'
  )
})

t.test('who begins many long messages and ends none is cut off, and no other', async t => {
  const speaker = await makeSpeaker(t)
  const cid = speaker.add(block)
  const hoarder = await makeNode(t)
  await connect(hoarder, speaker.node)
  let cut = 0
  const begin = async () => {
    const stream = await hoarder.dialProtocol(speaker.node.peerId, bitswapProtocol)
    stream.addEventListener('close', () => cut++)
    stream.send(encodeVarint(6 * 1024 * 1024))
    const piece = Buffer.alloc(64 * 1024)
    for (let sent = 0; sent < 80 && stream.status === 'open'; sent++) {
      if (!stream.send(piece)) await stream.onDrain()
    }
  }
  const begun = Array.from({ length: 8 }, () => begin().catch(() => {}))
  await until(async () => cut > 0)
  const asker = await makeSpeaker(t)
  await connect(asker.node, speaker.node)
  const got = await asker.bitswap.fetch(cid, never)
  t.equal(Buffer.compare(got ?? Buffer.from('none'), block), 0)
  t.ok(cut < 8, 'those within the bound go on')
  await hoarder.stop()
  await Promise.all(begun)
})

t.test('who lies, is silent or floods holds nobody up, and the next is asked', async t => {
  const cid = cidOf(block)
  const behave = {
    lies: async (to: Node, peer: Node['peerId']) => {
      const stream = await to.dialProtocol(peer, bitswapProtocol)
      const wrong = Buffer.from('wrong')
      const unasked = { cid: cidOf(wrong), bytes: wrong }
      await lpStream(stream).write(encodeMessage({ blocks: [{ cid, bytes: wrong }, unasked] }))
    },
    garbage: async (to: Node, peer: Node['peerId']) => {
      const stream = await to.dialProtocol(peer, bitswapProtocol)
      stream.send(randomBytes(1000))
    },
    tooLong: async (to: Node, peer: Node['peerId']) => {
      const stream = await to.dialProtocol(peer, bitswapProtocol)
      stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f))
    },
    silent: async () => {}
  }
  const asker = await makeSpeaker(t)
  for (const [how, act] of Object.entries(behave)) {
    const bad = await makeNode(t)
    await bad.handle(bitswapProtocol, async (stream, { remotePeer }) => {
      await lpStream(stream).read()
      await act(bad, remotePeer)
    })
    await connect(asker.node, bad)
    t.pass(how)
  }
  const good = await makeSpeaker(t)
  good.add(block)
  await connect(asker.node, good.node)
  const got = await asker.bitswap.fetch(cid, never)
  t.equal(Buffer.compare(got ?? Buffer.from('none'), block), 0)
  const stop = new AbortController()
  const waiting = asker.bitswap.fetch(cidOf(Buffer.from('nowhere')), stop.signal)
  stop.abort()
  await t.rejects(waiting, 'who is not waited for any more is let go')
})
