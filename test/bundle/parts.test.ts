import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { addFiles, exportFrom, importTo, makeHome, scratch } from './bundle-home.ts'

const files = Object.fromEntries(
  Array.from({ length: 300 }, (_, index) => [`f${index}`, `long ${index}`.repeat(200)])
)

t.test('a part that lacks, is cut off, altered or another is refused and named', async t => {
  const from = makeHome(t)
  const root = addFiles(from, files)
  const folder = join(scratch(t), 'bundle')
  await exportFrom(from, folder, {
    roots: [{ label: '/mfs/site', cid: root.toString() }],
    splitBytes: 60_000
  })
  const part = (number: number) => join(folder, `part-000${number}.car`)
  const [first, second] = [readFileSync(part(1)), readFileSync(part(2))]
  const altered = Buffer.from(second)
  altered[second.length >> 1]! ^= 1
  const sameLength = Buffer.concat([first, Buffer.alloc(second.length)]).subarray(0, second.length)
  const to = makeHome(t)
  for (const [what, bytes] of [
    ['cut off', second.subarray(0, -1)],
    ['longer', Buffer.concat([second, Buffer.alloc(1)])],
    ['empty', Buffer.alloc(0)],
    ['altered', altered],
    ['the first again', first],
    ['the first, as long as the second', sameLength]
  ] as const) {
    writeFileSync(part(2), bytes)
    await t.rejects(importTo(to, folder), { message: /part-0002\.car/ }, what)
    t.strictSame(to.roots.pins(), [], what)
  }
  rmSync(part(2))
  await t.rejects(importTo(to, folder), { code: 'corrupt', message: /part-0002\.car is not there/ })
  writeFileSync(part(2), first)
  writeFileSync(part(1), second)
  await t.rejects(importTo(to, folder), { message: /part-000[12]\.car/ }, 'one for the other')
  t.strictSame(to.roots.pins(), [])
  writeFileSync(part(1), first)
  writeFileSync(part(2), second)
  const { newBlocks, blocks } = await importTo(to, folder)
  t.ok(newBlocks < blocks, 'what was right of it is not stored again')
  t.match(to.roots.pins(), [{ cid: root }])
})
