import { CarReader } from '@ipld/car'
import type { CID } from 'multiformats/cid'
import t from 'tap'
import { multihashKey } from '../../src/base/blocks.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { cidOf, type Gateway, makeSite, openGateway } from './gateway-world.ts'

/** The blocks of a CAR, each checked against its CID's hash by being in the gateway's own store. */
async function carOf(gateway: Gateway, path: string, headers: Record<string, string> = {}) {
  const answer = await fetch(gateway.url + path, { headers })
  t.equal(answer.status, 200, path)
  const reader = await CarReader.fromBytes(new Uint8Array(await answer.arrayBuffer()))
  const cids: CID[] = []
  for await (const { cid, bytes } of reader.blocks()) {
    const own = gateway.blocks.blocks.get(multihashKey(cid.multihash.bytes))
    t.same(Buffer.from(bytes), own === undefined ? undefined : Buffer.from(own.bytes))
    cids.push(cid)
  }
  return { cids: cids.map(String), roots: (await reader.getRoots()).map(String), answer }
}

t.test('a block is asked for by the header or by the query', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const cid = cidOf(site.site)
  const own = gateway.blocks.read(site.site.multihash)
  for (const [query, accept] of [
    ['?format=raw', '*/*'],
    ['', 'application/vnd.ipld.raw'],
    ['', 'text/html;q=0.5, application/vnd.ipld.raw'],
    ['?format=raw', 'application/vnd.ipld.car']
  ] as const) {
    const answer = await fetch(`${gateway.url}/ipfs/${cid}${query}`, { headers: { accept } })
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('content-type'), 'application/vnd.ipld.raw')
    t.match(answer.headers.get('content-disposition'), /^attachment; filename="\w+\.bin"/)
    t.equal(answer.headers.get('etag'), `"${cid}.raw"`)
    t.same(Buffer.from(await answer.arrayBuffer()), Buffer.from(own))
  }
  const empty = await fetch(`${gateway.url}/ipfs/bafkqaaa?format=raw`)
  t.equal(empty.status, 200, 'the probe: a CID that holds its bytes')
  t.equal((await empty.arrayBuffer()).byteLength, 0)
  const unknown = await fetch(`${gateway.url}/ipfs/${cid}`, {
    headers: { accept: 'application/vnd.ipld.dag-json' }
  })
  t.equal(unknown.status, 406)
})

t.test('a CAR holds what its scope says, depth first, each block once', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const root = `/ipfs/${cidOf(site.site)}`
  const all = await carOf(gateway, `${root}?format=car`)
  t.same(all.roots, [cidOf(site.site).toString()])
  t.equal(all.cids.length, new Set(all.cids).size)
  t.equal(all.cids.length, gateway.blocks.blocks.size, 'every block')
  t.match(all.answer.headers.get('content-type'), 'version=1; order=dfs; dups=n')
  const block = await carOf(gateway, `${root}?format=car&dag-scope=block`)
  t.same(block.cids, [cidOf(site.site).toString()])
  const folder = await carOf(gateway, `${root}?format=car&dag-scope=entity`)
  t.same(folder.cids, [cidOf(site.site).toString()], 'a folder, not what is in it')
  const file = await carOf(gateway, `${root}/long.bin?format=car&dag-scope=entity`)
  t.equal(file.cids[0], cidOf(site.site).toString(), 'the way to it is proven')
  t.equal(file.cids[1], cidOf(site.long).toString())
  t.equal(file.cids.length, 2 + 4, 'and its four leaves')
  const twice = await carOf(gateway, `/ipfs/${cidOf(site.inner)}?format=car&car-dups=y`)
  t.equal(twice.cids.filter(cid => cid === cidOf(site.note).toString()).length, 2)
  const accepted = await carOf(gateway, `/ipfs/${cidOf(site.inner)}`, {
    accept: 'application/vnd.ipld.car; version=1; order=dfs; dups=y'
  })
  t.equal(accepted.cids.length, 3)
})

t.test('entity-bytes takes only the leaves of a range', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const MiB = 1024 * 1024
  const cases = [
    ['0:0', 1],
    [`0:${MiB - 1}`, 1],
    [`0:${MiB}`, 2],
    [`${MiB - 1}:${MiB}`, 2],
    ['0:*', 4],
    ['-1:*', 1],
    ['-17:-1', 1],
    ['-18:*', 2],
    [`0:${100 * MiB}`, 4],
    ['5:-1', 4]
  ] as const
  for (const [range, leaves] of cases) {
    const { cids } = await carOf(
      gateway,
      `/ipfs/${cidOf(site.long)}?format=car&entity-bytes=${encodeURIComponent(range)}`
    )
    t.equal(cids.length - 1, leaves, range)
  }
  for (const wrong of [
    '',
    '1',
    '5:2',
    '-1:-5',
    'a:b',
    '1:2:3',
    '0x1:2',
    '99999999999999999999:*',
    `${3 * MiB + 17}:*`,
    `0:-${3 * MiB + 18}`,
    '-5:3'
  ]) {
    const path = `/ipfs/${cidOf(site.long)}?format=car&entity-bytes=${encodeURIComponent(wrong)}`
    t.equal((await fetch(gateway.url + path)).status, 400, JSON.stringify(wrong))
  }
  for (const wrong of ['dag-scope=some', 'car-dups=x', 'car-version=2', 'car-order=bfs']) {
    const path = `/ipfs/${cidOf(site.long)}?format=car&${wrong}`
    t.ok([400, 406].includes((await fetch(gateway.url + path)).status), wrong)
  }
})

t.test(
  'a sharded folder: the way to one entry is a few shards, the folder is all of them',
  async t => {
    const gateway = await openGateway(t)
    const leaf = gateway.file(Buffer.from('leaf'))
    const entries = Object.fromEntries(
      Array.from({ length: 6000 }, (_, index) => [`entry number ${index} of many`, leaf])
    )
    const root = cidOf(gateway.folder(entries))
    const shards = gateway.blocks.blocks.size - 1
    t.ok(shards > 100, `${shards} shards`)
    const one = await carOf(
      gateway,
      `/ipfs/${root}/entry%20number%2077%20of%20many?format=car&dag-scope=entity`
    )
    t.ok(one.cids.length <= 4, `${one.cids.length} blocks`)
    t.equal(one.cids.at(-1), cidOf(leaf).toString())
    const folder = await carOf(gateway, `/ipfs/${root}?format=car&dag-scope=entity`)
    t.equal(folder.cids.length, shards)
  }
)

t.test('half a CAR never looks whole', async t => {
  const gateway = await openGateway(t)
  const site = makeSite(gateway)
  const leaf = gateway.file(seededBytes(3 * 1024 * 1024 + 17, 'long').subarray(3 * 1024 * 1024))
  gateway.blocks.drop(leaf.multihash)
  const answer = await fetch(`${gateway.url}/ipfs/${cidOf(site.long)}?format=car`)
  await t.rejects(answer.arrayBuffer(), 'the connection breaks off')
})

t.test('a record is sent as it was signed', async t => {
  const gateway = await openGateway(t)
  const bytes = Buffer.from('signed')
  gateway.records.set('k51', { bytes, ttlMs: 60_000 })
  for (const [query, accept] of [
    ['?format=ipns-record', '*/*'],
    ['', 'application/vnd.ipfs.ipns-record']
  ] as const) {
    const answer = await fetch(`${gateway.url}/ipns/k51${query}`, { headers: { accept } })
    t.equal(answer.headers.get('content-type'), 'application/vnd.ipfs.ipns-record')
    t.equal(answer.headers.get('cache-control'), 'public, max-age=60')
    t.same(Buffer.from(await answer.arrayBuffer()), bytes)
  }
  t.equal((await fetch(`${gateway.url}/ipns/k52?format=ipns-record`)).status, 404)
  t.equal((await fetch(`${gateway.url}/ipfs/bafkqaaa?format=ipns-record`)).status, 400)
  t.equal((await fetch(`${gateway.url}/ipns/k51/a?format=ipns-record`)).status, 400)
})
