import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { codec, makeCid } from '../../src/base/blocks.ts'
import { toName } from '../../src/base/names.ts'
import { openContent } from '../../src/daemon/content.ts'
import { linkLeaves } from '../../src/unixfs/build-file.ts'
import { Leaves } from '../../src/unixfs/leaves.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { requireFuse } from '../lib/skip.ts'
import { makeWorld, type World } from './run-cairn.ts'
import { startPeer } from './start-peer.ts'

const KiB = 1024
const MiB = 1024 * KiB
const hugeChunks = 10 * 1024
const small = seededBytes(300_000, 'small')

/** A folder with a file of 10 GiB, whose middle is unlike the rest, and a small one; in the store of a home. */
async function storeHuge(home: string): Promise<string> {
  const content = openContent(home)
  try {
    const { store } = content
    const profile = profiles['unixfs-v1-2025']
    const leaves = new Leaves()
    const zeros = store.add(Buffer.alloc(MiB), codec.raw)
    const middle = store.add(seededBytes(MiB, 'middle'), codec.raw)
    for (let chunk = 0; chunk < hugeChunks; chunk++) {
      leaves.push(chunk === hugeChunks / 2 ? middle : zeros, MiB, MiB)
    }
    const huge = linkLeaves(store, profile, leaves)
    const writer = openUnixfsWriter(store, profile)
    const multihash = store.add(small, codec.raw)
    const bytes = small.length
    const file = { codec: codec.raw, multihash, cidVersion: 1, fileBytes: bytes, dagBytes: bytes }
    const root = writer.directory([
      { name: toName('huge'), ...huge },
      { name: toName('small'), ...file, cidVersion: 1 }
    ])
    store.flush({ durable: true })
    return makeCid(root.codec, root.multihash, 1).toString()
  } finally {
    content.close()
  }
}

const storedBytes = async (world: World): Promise<number> =>
  JSON.parse(await world.line(['status', '--json'])).store.bytes

t.test('of a followed name with 10 GiB comes what is looked at, and no more', async t => {
  if (!requireFuse(t)) return
  const a = await makeWorld(t)
  const cid = await storeHuge(a.home)
  const { address } = await startPeer(a)
  const { name } = JSON.parse(await a.line(['publish', cid, '--json']))
  const b = await makeWorld(t)
  const mount = join(b.folder, 'm')
  await startPeer(b, ['--mount', mount])
  await b.line(['peer', 'add', address])

  await b.line(['follow', name, '--as', 'theirs'])
  const folder = join(mount, 'ipns/theirs')
  t.strictSame((await readdir(folder)).sort(), ['huge', 'small'])
  t.ok((await storedBytes(b)) < 4 * KiB, 'mounted and listed')
  t.equal((await stat(join(folder, 'huge'))).size, hugeChunks * MiB)
  t.ok((await storedBytes(b)) < 16 * KiB, 'its size is told by its root block')
  t.ok((await readFile(join(folder, 'small'))).equals(small))
  t.ok((await storedBytes(b)) < 16 * KiB + small.length, 'a file that is read is brought alone')
  t.ok((await readMiddle(join(folder, 'huge'))).equals(seededBytes(MiB, 'middle').subarray(0, 100)))
  t.ok((await storedBytes(b)) < 4 * MiB, 'of a file that is looked into, the part and its way')
})

async function readMiddle(path: string): Promise<Buffer> {
  const file = await open(path)
  try {
    const bytes = Buffer.alloc(100)
    await file.read(bytes, 0, bytes.length, (hugeChunks / 2) * MiB)
    return bytes
  } finally {
    await file.close()
  }
}
