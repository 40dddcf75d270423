import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seededBytes } from '../lib/deterministic.ts'
import { makeWorld, until } from './run-cairn.ts'
import { startPeer } from './start-peer.ts'

/** A machine that publishes a folder, and another that knows it as a peer. */
async function pair(t: Test) {
  const a = await makeWorld(t)
  const { address } = await startPeer(a)
  await mkdir(join(a.folder, 'site'))
  for (let index = 0; index < 50; index++) {
    await writeFile(join(a.folder, 'site', `file ${index}`), seededBytes(3000, `file ${index}`))
  }
  await writeFile(join(a.folder, 'site/long'), seededBytes(5_000_000, 'long'))
  const cid = await a.line(['add', 'site'])
  const published = JSON.parse(await a.line(['publish', cid, '--json'])) as { name: string }
  const b = await makeWorld(t)
  const { daemon } = await startPeer(b)
  await b.line(['peer', 'add', address])
  return { a, b, daemon, cid, name: published.name }
}

t.test('a CID that a peer has is brought here whole, and pinned', async t => {
  const { a, b, cid } = await pair(t)
  const secret = await a.line(['add', '-'], { input: 'nobody else is to have it' })
  t.match(await b.run(['pin', 'add', secret]), { status: 1, stderr: /not here/ })
  t.equal((await b.run(['pin', 'ls'])).stdout, '', 'what cannot be had is not pinned')
  const pinned = JSON.parse(await b.line(['pin', 'add', cid, '--label', 'site', '--json']))
  t.match(pinned, { cid, pinned: true, blocks: 56 })
  t.ok(pinned.bytes > 5_150_000 && pinned.bytes < 5_200_000, `${pinned.bytes} bytes`)
  t.match(JSON.parse(await b.line(['pin', 'ls', '--json'])), { cid, label: 'site' })
  t.match(JSON.parse(await b.line(['pin', 'add', cid, '--json'])), { blocks: 0, bytes: 0 })
  await b.line(['stop'])
  t.equal(
    (await b.run(['get', cid, '-o', join(b.folder, 'out')])).status,
    0,
    'it is here without anybody'
  )
})

t.test(
  'kill -9 while a CID is brought here: what came stays, and the rest comes next time',
  async t => {
    const { a, b, daemon, cid } = await pair(t)
    const pinning = b.run(['pin', 'add', cid])
    // One block of the peer's is here.
    await until(async () => JSON.parse(await b.line(['status', '--json'])).store.blocks > 0)
    daemon.child.kill('SIGKILL')
    await daemon.ended
    const { status } = await pinning
    const pins = (await b.run(['pin', 'ls'])).stdout
    t.ok(status !== 0 || pins.includes(cid), 'who says that it is done has done it')
    t.match(await b.run(['gc']), { status: 0 })
    t.match(await b.run(['fsck']), { status: 0 })
    await startPeer(b)
    t.match(JSON.parse(await b.line(['pin', 'add', cid, '--json'])), { cid, pinned: true })
    await b.line(['stop'])
    await a.line(['stop'])
    t.equal((await b.run(['get', cid, '-o', join(b.folder, 'out')])).status, 0)
    t.match(await b.run(['gc']), { status: 0 })
    t.equal((await b.run(['get', cid, '-o', join(b.folder, 'again')])).status, 0)
  }
)

t.test('a part of a name is pinned as it stands; other parts stay away', async t => {
  const { b, name } = await pair(t)
  t.match(await b.run(['pin', 'add', name]), { status: 1, stderr: /neither published nor/ })
  t.match(await b.run(['pin', 'add', '/mfs/x']), { status: 2, stderr: /kept anyway/ })
  await b.line(['follow', name, '--as', 'theirs'])
  const pinned = JSON.parse(await b.line(['pin', 'add', '/ipns/theirs/file 7', '--json']))
  t.match(pinned, { pinned: true })
  t.equal((await b.run(['cat', pinned.cid])).stdout.length > 0, true)
  t.match(await b.run(['pin', 'add', '/ipns/theirs/none']), { status: 1, stderr: /has no "none"/ })
  t.ok((JSON.parse(await b.line(['status', '--json'])).store.bytes as number) < 50_000)
})
