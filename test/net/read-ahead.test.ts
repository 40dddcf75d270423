import { CID } from 'multiformats/cid'
import t from 'tap'
import { complete } from '../../src/base/complete.ts'
import type { Want } from '../../src/base/errors.ts'
import { toName } from '../../src/base/names.ts'
import { ReadAhead } from '../../src/names/read-ahead.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { until } from '../lib/pull-world.ts'
import { cidOf } from '../names/names-home.ts'
import { addTree, fetcherOf, makeMachine, never, serveContent } from './bulk-world.ts'

const MiB = 1024 * 1024
const leaves = Array.from({ length: 64 }, (_, index) => cidOf(`leaf ${index}`))

/** How many are fetched ahead at each of the leaves that are wanted one after the other. */
function ahead(readAhead: ReadAhead, wanted: readonly number[]): number[] {
  return wanted.map(index => {
    const next = leaves.slice(index + 1, index + 18)
    const fetched = readAhead.after(leaves[index]!, next)
    t.same(fetched, next.slice(0, fetched.length), 'what comes next')
    return fetched.length
  })
}

t.test('reading on is followed further each time, up to a bound', async t => {
  t.same(ahead(new ReadAhead(), [0, 2, 5, 10, 19, 36]), [1, 2, 4, 8, 16, 16])
  t.same(ahead(new ReadAhead(), [0, 1, 2, 3]), [1, 2, 4, 8], 'also who is there before it is')
  t.same(ahead(new ReadAhead(), [61, 63]), [1, 0], 'at the end of the file there is no more')
})

t.test('who jumps about is not followed', async t => {
  t.same(ahead(new ReadAhead(), [0, 40, 20, 60, 10]), [1, 1, 1, 1, 1])
  t.same(ahead(new ReadAhead(), [0, 40, 2, 42]), [1, 1, 2, 2], 'two readings side by side are')
})

/** A file of so many MiB that another machine has, and a way to read it here. */
async function remoteFile(t: Parameters<typeof makeMachine>[0], mebibytes: number) {
  const a = makeMachine(t)
  const bytes = seededBytes(mebibytes * MiB, 'long')
  const root = addTree(a, { long: bytes, other: seededBytes(3 * MiB, 'other') })
  const serving = await serveContent(t, a, [root])
  const b = makeMachine(t)
  const { fetcher } = fetcherOf(t, b, [serving.address])
  const wants: string[] = []
  const satisfy = async ({ id, ahead: next = [] }: Want, signal: AbortSignal): Promise<void> => {
    wants.push(id)
    await fetcher.block(
      CID.parse(id),
      signal,
      next.map(each => CID.parse(each))
    )
  }
  const read = async (from: number, count: number) =>
    await complete({ satisfy }, never, () => {
      const link = b.reader.lookup(root.code, root.multihash.bytes, toName('long'))
      const piece = Buffer.alloc(count)
      b.reader.readFile(link!.codec, link!.multihash, piece, from)
      return piece
    })
  return { bytes, read, wants, held: () => [...b.store.list()].length, serving }
}

t.test('a file that is read is brought here alone, and ahead of who reads it', async t => {
  const { bytes, read, wants, held } = await remoteFile(t, 40)
  for (let at = 0; at < bytes.length; at += 256 * 1024) {
    const piece = await read(at, 256 * 1024)
    if (Buffer.compare(piece, bytes.subarray(at, at + piece.length)) !== 0) t.fail(`at ${at}`)
  }
  await until(() => held() === 42)
  t.ok(wants.length <= 42, `${wants.length} times something lacked`)
  t.equal(held(), 42, 'two nodes and forty leaves: nothing of the other file')
})

t.test('of a file that is looked into, little is brought here', async t => {
  const { bytes, read, held } = await remoteFile(t, 40)
  for (const at of [30, 5, 20]) {
    t.same(await read(at * MiB + 17, 10), bytes.subarray(at * MiB + 17, at * MiB + 27))
  }
  await until(() => held() === 8)
  t.equal(held(), 8, 'two nodes, three leaves and what lies behind each')
})

t.test('what cannot be had ahead fails only who wants it', async t => {
  const { bytes, read, serving } = await remoteFile(t, 4)
  t.same(await read(0, 10), bytes.subarray(0, 10))
  await serving.stop()
  t.same(await read(MiB - 10, 10), bytes.subarray(MiB - 10, MiB))
  await t.rejects(read(3 * MiB, 10), { code: 'missing', message: /peers/ })
})
