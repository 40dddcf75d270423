import { CID } from 'multiformats/cid'
import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { asBlockstore } from '../../src/store/blockstore.ts'
import { provideAegirChai, runMochaSuite } from '../lib/mocha-suite.ts'
import { bytesOf, makeHome, openStore } from './lib.ts'

provideAegirChai()
const { interfaceBlockstoreTests } = await import('interface-blockstore-tests')

t.test('it is an interface-blockstore, as the suite for those says', async t => {
  const ends = new Map<unknown, () => void>()
  await runMochaSuite(t, () =>
    interfaceBlockstoreTests({
      async setup() {
        const home = makeHome()
        const { store, end } = openStore(home)
        const blockstore = asBlockstore(store)
        ends.set(blockstore, () => {
          end()
          home.remove()
        })
        return blockstore
      },
      async teardown(blockstore) {
        ends.get(blockstore)?.()
      }
    })
  )
})

t.test(
  'bytes that do not have the hash of their CID are refused, and nothing is stored',
  async t => {
    const { blockstore } = open(t)
    const cid = makeCid(codec.raw, sha256Multihash(bytesOf(1)))
    await t.rejects(async () => blockstore.put(cid, bytesOf(2)), { code: 'mismatch' })
    t.equal(await blockstore.has(cid), false)
  }
)

t.test('a stream over the bound of a block is refused before it is all in memory', async t => {
  const { blockstore } = open(t)
  let given = 0
  async function* endless() {
    for (;;) {
      given += 1024 * 1024
      yield Buffer.alloc(1024 * 1024)
    }
  }
  await t.rejects(async () => blockstore.put(CID.parse('bafkqaaa'), endless()), { code: 'invalid' })
  t.ok(given <= 6 * 1024 * 1024, `${given} bytes were taken`)
})

t.test('puts of one turn are seen by another reader once they resolve', async t => {
  const { blockstore, home } = open(t)
  const cids = [1, 2, 3].map(number => makeCid(codec.raw, sha256Multihash(bytesOf(number))))
  await Promise.all(cids.map((cid, index) => blockstore.put(cid, bytesOf(index + 1))))
  const other = openStore(home)
  for (const cid of cids) t.equal(other.store.has(cid.multihash.bytes), true)
  other.end()
})

t.test('a block put as dag-pb is got by any CID over its multihash', async t => {
  const { blockstore } = open(t)
  const multihash = sha256Multihash(bytesOf(1))
  await blockstore.put(makeCid(codec.dagPb, multihash), bytesOf(1))
  for (const cid of [makeCid(codec.dagPb, multihash, 0), makeCid(codec.raw, multihash)]) {
    t.same(Buffer.concat([...(blockstore.get(cid) as Iterable<Uint8Array>)]), bytesOf(1))
  }
})

function open(t: { teardown: (work: () => void) => void }) {
  const home = makeHome()
  const { store, end } = openStore(home)
  t.teardown(() => {
    end()
    home.remove()
  })
  return { home, store, blockstore: asBlockstore(store) }
}
