import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import t from 'tap'
import { makeOpenFilesMemory, OpenFiles } from '../../src/fuse/open-files.ts'

/** Inodes that meet in a few places of the table: its size apart, at its end, and beyond 32 bits. */
const inodes = [1, 2, 3, 65_535, 65_536, 65_537, 131_071, 131_072, 2 ** 32 + 1, 2 ** 52 + 65_535]

t.test('counts as a map of counts would, whatever is opened and closed', async t => {
  const step = fc.tuple(fc.constantFrom(...inodes), fc.constantFrom('open', 'close', 'forget'))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const files = new OpenFiles(makeOpenFilesMemory())
      const model = new Map<number, { handles: number; backing: number }>()
      for (const [ino, what] of steps) {
        const known = model.get(ino)
        const backing = ino % 2 === 0 ? 0 : (ino % 1000) + 1
        if (what === 'open') {
          files.opened(ino, backing)
          model.set(ino, { backing, handles: (known?.handles ?? 0) + 1 })
        } else if (what === 'close') {
          const lingers = files.closed(ino)
          if (known !== undefined && known.handles > 0) known.handles--
          if (known?.handles === 0 && known.backing === 0) model.delete(ino)
          if (lingers !== undefined && known?.handles !== 0) throw new Error(`${ino} is open still`)
        } else if (known?.handles === 0) {
          files.forget(ino)
          model.delete(ino)
        }
        for (const each of inodes) {
          const { handles, backing: number } = files.find(each) ?? {}
          const expected = model.get(each)
          if (handles !== expected?.handles || number !== expected?.backing) {
            throw new Error(`${each}: ${handles} ${number}, not ${JSON.stringify(expected)}`)
          }
        }
        const lingering = [...model.values()].some(each => each.handles === 0)
        if (files.lingering !== lingering) throw new Error(`lingering: ${files.lingering}`)
      }
      const backed = [...model].filter(([, { backing }]) => backing !== 0).map(([ino]) => ino)
      const found = files.backed().map(({ ino }) => ino)
      if (`${found.toSorted()}` !== `${backed.toSorted()}`) throw new Error(`backed: ${found}`)
    }),
    { numRuns: 100 }
  )
  t.pass('in a hundred runs')
})

t.test('a full table says so, and goes on when something is closed', async t => {
  const files = new OpenFiles(makeOpenFilesMemory())
  let ino = 1
  while (files.opened(ino, 0)) ino++
  t.ok(ino > 50_000, `${ino} inodes`)
  t.ok(files.opened(1, 0), 'one that is open can be opened again')
  files.closed(2)
  t.ok(files.opened(ino, 0))
})

t.test('threads count together', async t => {
  const memory = makeOpenFilesMemory()
  const url = new URL('../../src/fuse/open-files.ts', import.meta.url).href
  const script = `import('${url}').then(({ OpenFiles }) => {
    const files = new OpenFiles(require('node:worker_threads').workerData)
    for (let i = 0; i < 20000; i++) files.exclusively(() => files.opened(7, 3))
  })`
  const threads = [1, 2].map(() => new Worker(script, { eval: true, workerData: memory }))
  await Promise.all(threads.map(thread => once(thread, 'exit')))
  t.strictSame(new OpenFiles(memory).find(7), { ino: 7, handles: 40_000, backing: 3 })
})
