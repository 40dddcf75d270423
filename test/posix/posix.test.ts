import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount } from '../fuse/mounted.ts'
import { requireRoot } from '../lib/skip.ts'
import { prepare } from './errors.ts'
import { posixSuite } from './suite.ts'

t.test('the oracle: a folder of the system', async t => {
  if (!requireRoot(t)) return
  await posixSuite(t, { folder: t.testdir({}), prepare })
})

t.test('a FUSE mount of /mfs', async t => {
  if (!canMount(t)) return
  const { path } = await mountMfs(t)
  const folder = join(path, 'suite')
  await mkdir(folder)
  await posixSuite(t, { folder, prepare })
})
