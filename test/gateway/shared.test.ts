import t, { type Test } from 'tap'
import type { Access } from '../../src/base/access.ts'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { cidOf, type Gateway, makeSite, openGateway } from './gateway-world.ts'

const forms = ['?format=raw', '?format=car', '?format=car&dag-scope=block', ''] as const

async function statusOf({ url }: Gateway, path: string): Promise<number> {
  const answer = await fetch(url + path)
  await answer.arrayBuffer()
  return answer.status
}

t.test('of what is not shared a stranger hears that it is not here', async t => {
  const gateway = await openGateway(t, { serves: 'shared' })
  const site = makeSite(gateway)
  gateway.shared.set('k51', cidOf(site.inner))
  const every = [site.site, site.inner, site.long, site.page, site.note]
  const allowed = new Set([cidOf(site.inner).toString(), cidOf(site.note).toString()])
  for (const node of every) {
    const cid = cidOf(node).toString()
    for (const form of forms) {
      const status = await statusOf(gateway, `/ipfs/${cid}/${form}`.replace('/?', '?'))
      t.equal(status, allowed.has(cid) ? 200 : 404, `${cid} ${form}`)
    }
  }
  const hidden = await fetch(`${gateway.url}/ipfs/${cidOf(site.long)}?format=raw`)
  const absent = await fetch(
    `${gateway.url}/ipfs/bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy?format=raw`
  )
  const shape = async (answer: Response) =>
    [
      answer.status,
      [...answer.headers.keys()],
      (await answer.text()).replace(/\w{40,}/, '')
    ] as const
  t.same(await shape(hidden), await shape(absent), 'nothing tells a hidden block from none')
})

t.test('a CID that is its own bytes is no way to what is not shared', async t => {
  const gateway = await openGateway(t, { serves: 'shared' })
  const { note } = makeSite(gateway)
  t.equal(await statusOf(gateway, '/ipfs/bafkqaaa?format=raw'), 200, 'the probe')
  const link = Buffer.concat([Buffer.from([0x0a, 0x24, 0x01, 0x55]), note.multihash])
  const forged = Buffer.concat([
    Buffer.from([0x12, link.length + 4]),
    link,
    Buffer.from([0x12, 1, 0x61, 0x18]).subarray(0, 3),
    Buffer.from([0x0a, 2, 8, 1])
  ])
  forged[1] = link.length + 3
  const multihash = Buffer.concat([Buffer.from([0, forged.length]), forged])
  const cid = cidOf({ codec: 0x70, multihash, cidVersion: 1, fileBytes: 0, dagBytes: 0 })
  t.equal(await statusOf(gateway, `/ipfs/${cid}/a`), 404)
  t.equal(await statusOf(gateway, `/ipfs/${cid}?format=car`), 404)
  const own = await openGateway(t)
  makeSite(own)
  t.equal(await statusOf(own, `/ipfs/${cid}/a`), 200, 'though it does lead there')
})

t.test('a shared file whose bytes are a node is no way to what that node links', async t => {
  const gateway = await openGateway(t, { serves: 'shared' })
  const site = makeSite(gateway)
  const asFile = makeCid(codec.raw, site.inner.multihash)
  const asNode = cidOf(site.inner)
  gateway.shared.set('k51', asFile)
  t.equal(await statusOf(gateway, `/ipfs/${asFile}?format=raw`), 200, 'the file itself')
  for (const form of [...forms, '?format=car&dag-scope=entity']) {
    t.equal(await statusOf(gateway, `/ipfs/${asNode}/${form}`.replace('/?', '?')), 404, form)
  }
  gateway.shared.set('k52', asNode)
  t.equal(await statusOf(gateway, `/ipfs/${asNode}?format=car`), 200, 'shared as both')
  t.equal(await statusOf(gateway, `/ipfs/${cidOf(site.note)}?format=raw`), 200)
})

t.test('every block there is, asked for by a stranger: only the shared ones come', async t => {
  const gateway = await openGateway(t, { serves: 'shared' })
  const site = makeSite(gateway)
  gateway.shared.set('k51', cidOf(site.inner))
  let served = 0
  for (const { multihash, code } of gateway.blocks.blocks.values()) {
    for (const codec of new Set([code, 0x55])) {
      const cid = cidOf({ codec, multihash, cidVersion: 1, fileBytes: 0, dagBytes: 0 })
      if ((await statusOf(gateway, `/ipfs/${cid}?format=raw`)) === 200) served++
    }
  }
  t.equal(served, 3, 'the folder, as dag-pb and raw, and the note')
})

t.test(
  'what is not shared any more is not served any more; a version before for a while',
  async t => {
    const gateway = await openGateway(t, { serves: 'shared' })
    const site = makeSite(gateway)
    const first = `/ipfs/${cidOf(site.page)}?format=raw`
    gateway.shared.set('a', cidOf(site.page))
    gateway.shared.set('b', cidOf(site.inner))
    t.equal(await statusOf(gateway, first), 200)
    gateway.shared.set('a', cidOf(site.long))
    t.equal(await statusOf(gateway, `/ipfs/${cidOf(site.long)}?format=raw`), 200, 'moved')
    t.equal(await statusOf(gateway, first), 200, 'who fetches the version before is not cut off')
    gateway.shared.delete('a')
    t.equal(await statusOf(gateway, first), 404)
    t.equal(await statusOf(gateway, `/ipfs/${cidOf(site.long)}?format=raw`), 404)
    t.equal(
      await statusOf(gateway, `/ipfs/${cidOf(site.note)}?format=raw`),
      200,
      'b is still shared'
    )
  }
)

/** A shared root of which a node between is not here, so that a note below it is not given. */
async function openLacking(t: Test) {
  const gateway = await openGateway(t, { serves: 'shared' })
  const site = makeSite(gateway)
  const inner = Buffer.from(gateway.blocks.read(site.inner.multihash))
  gateway.blocks.drop(site.inner.multihash)
  gateway.shared.set('a', cidOf(site.site))
  const note = `/ipfs/${cidOf(site.note)}?format=raw`
  t.equal(await statusOf(gateway, note), 404)
  return { gateway, inner, note }
}

t.test('what arrives below a shared root is found after a while', async t => {
  const { gateway, inner, note } = await openLacking(t)
  gateway.blocks.add(inner, 0x70)
  gateway.time.skippedMs += 20_000
  t.equal(await statusOf(gateway, note), 200)
})

t.test('a root that is not all here is not walked anew, but where a node came', async t => {
  const { gateway, inner, note } = await openLacking(t)
  const { calls } = gateway.blocks
  const before = calls.read
  for (let round = 0; round < 5; round++) {
    gateway.time.skippedMs += 20_000
    t.equal(await statusOf(gateway, note), 404)
  }
  t.equal(calls.read, before, 'nothing came')
  gateway.blocks.add(inner, 0x70)
  gateway.time.skippedMs += 20_000
  t.equal(await statusOf(gateway, note), 200)
  t.equal(calls.read, before + 2, 'the folder that came, and the note that is sent')
})

t.test('nothing is fetched for a stranger, and a user with a password is one', async t => {
  const user: Access = { user: 'ann', scopes: new Set(['read']), root: [] }
  const gateway = await openGateway(t, { access: user })
  const site = makeSite(gateway)
  t.equal(await statusOf(gateway, `/ipfs/${cidOf(site.note)}`), 404)
  gateway.shared.set('a', cidOf(site.note))
  t.equal(await statusOf(gateway, `/ipfs/${cidOf(site.note)}`), 200)
  gateway.blocks.drop(site.note.multihash)
  gateway.elsewhere.set(cidOf(site.note).toString(), Buffer.from('a note'))
  t.equal(await statusOf(gateway, `/ipfs/${cidOf(site.note)}`), 404)
})
