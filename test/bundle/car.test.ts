import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CarWriter } from '@ipld/car'
import type { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { addFiles, exportFrom, importTo, makeHome, scratch } from './bundle-home.ts'

/** A CAR of a folder by itself, its root, and a home that has nothing of it. */
async function carried(t: Test) {
  const from = makeHome(t)
  const folder = join(scratch(t), 'bundle')
  const root = addFiles(from, { page: 'hello', other: 'x'.repeat(100_000) })
  await exportFrom(from, folder, { roots: [{ label: 'site', cid: root.toString() }] })
  const path = join(folder, 'part-0001.car')
  return { path, root, bytes: readFileSync(path), to: makeHome(t) }
}

t.test('a damaged CAR is refused and named, and nothing is pinned', async t => {
  const { path, bytes } = await carried(t)
  const damage = join(scratch(t), 'damaged.car')
  for (const at of [0, 1, 20, bytes.length - 20, bytes.length - 1]) {
    const changed = Buffer.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 1
    writeFileSync(damage, changed)
    const to = makeHome(t)
    await t.rejects(importTo(to, damage), { message: /damaged\.car|not whole/ }, `byte ${at}`)
    t.strictSame(to.roots.pins(), [])
  }
  const to = makeHome(t)
  writeFileSync(damage, bytes.subarray(0, bytes.length - 50))
  await t.rejects(importTo(to, damage), { code: 'corrupt' }, 'cut off')
  writeFileSync(damage, 'no CAR at all')
  await t.rejects(importTo(to, damage), { code: 'corrupt' })
  t.strictSame(to.roots.pins(), [], path)
})

t.test('a CAR without roots, or without all blocks of one, is refused', async t => {
  const { to } = await carried(t)
  const from = makeHome(t)
  const root = addFiles(from, { page: 'hello' })
  const rootBlock = { cid: root, bytes: from.store.read(root.multihash.bytes) }
  await t.rejects(importTo(to, await carOf(t, [], [rootBlock])), { code: 'unsupported' })
  await t.rejects(importTo(to, await carOf(t, [root], [rootBlock])), { code: 'missing' })
  t.strictSame(to.roots.pins(), [])
})

t.test('a CAR of another program is taken whole, and its roots are pinned', async t => {
  const { path, root, to } = await carried(t)
  const report = await importTo(to, path)
  t.match(report.roots, [{ cid: root.toString(), label: 'part-0001.car' }])
  t.match(to.roots.pins(), [{ label: 'bundle part-0001.car' }])
  t.ok([...to.reader.walk(root)].length > 2)
  t.match(await importTo(to, path), { newBlocks: 0 }, 'a second time changes nothing')
})

async function carOf(t: Test, roots: CID[], blocks: Array<{ cid: CID; bytes: Uint8Array }>) {
  const { writer, out } = CarWriter.create(roots)
  const pieces: Uint8Array[] = []
  const done = (async () => {
    for await (const piece of out) pieces.push(piece)
  })()
  for (const block of blocks) await writer.put(block)
  await writer.close()
  await done
  const path = join(scratch(t), 'made.car')
  writeFileSync(path, Buffer.concat(pieces))
  return path
}
