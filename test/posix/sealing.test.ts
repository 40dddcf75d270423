import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Mfs } from '../../src/vfs/mfs/api.ts'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount } from '../fuse/mounted.ts'
import { openTree } from '../vfs/mfs/open-tree.ts'
import { folderSubject, sealedTreeSubject } from './subjects.ts'
import { posixSuite } from './suite.ts'
import { allocation } from './tables/allocation.ts'
import { content } from './tables/content.ts'
import { descriptors } from './tables/descriptors.ts'
import { listing } from './tables/listing.ts'
import { names } from './tables/names.ts'
import { onePath } from './tables/one-path.ts'
import type { Table } from './tables/table.ts'
import { times } from './tables/times.ts'
import { twoPaths } from './tables/two-paths.ts'
import { wrongPaths } from './tables/wrong-paths.ts'
import { xattrs } from './tables/xattrs.ts'

const changing = [twoPaths, names, times, xattrs, content, listing, descriptors, allocation]

t.test('no call shows that the tree is sealed again and again meanwhile', async t => {
  if (!canMount(t)) return
  const { path, logged, tree } = await mountMfs(t)
  const folder = join(path, 'suite')
  await mkdir(folder)
  const stop = new AbortController()
  const sealing = sealUntil(tree, stop.signal)
  await posixSuite(t, folderSubject(t, 'mount', folder), changing)
  stop.abort()
  t.ok((await sealing) > changing.length, 'it was sealed more often than there are tables')
  t.strictSame(logged, [], 'no request failed in a way nobody planned')
})

/** How often it was sealed. */
async function sealUntil(tree: Mfs, signal: AbortSignal): Promise<number> {
  let seals = 0
  while (!signal.aborted) {
    await tree.seal()
    seals++
    await setImmediate()
  }
  return seals
}

t.test('folders whose names are still in blocks', async t => {
  const { tree, close } = openTree(t.testdir({}), { metadata: true })
  t.teardown(close)
  await posixSuite(t, sealedTreeSubject(tree), [onePath, wrongPaths, twoPaths].map(withoutUnsealed))
})

/** What blocks do not tell apart: other types, and two names of one file. */
function withoutUnsealed(table: Table): Table {
  const parts = table.parts.map(part => ({
    ...part,
    lines: part.lines.filter(({ text }) => !/fifo|socket|hard/.test(text))
  }))
  return { ...table, parts }
}
