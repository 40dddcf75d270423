import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rmdir, statfs } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount } from '../fuse/mounted.ts'
import { openTree } from '../vfs/mfs/open-tree.ts'
import { folderSubject, treeSubject } from './subjects.ts'
import { posixSuite } from './suite.ts'
import { tables } from './tables/all.ts'

const run = promisify(execFile)
/** EXT4_SUPER_MAGIC: https://man7.org/linux/man-pages/man2/statfs.2.html */
const ext = 0xef53

t.test('the oracle: a tmpfs', async t => {
  if (!canMount(t)) return
  if (keepsXattrs()) await posixSuite(t, folderSubject(t, 'tmpfs', await mountTmpfs(t)), tables)
  else
    t.comment(`tmpfs of Linux ${release()} keeps no user attributes: the disk says what is right`)
})

t.test('the oracle: a folder of the disk', async t => {
  if (!canMount(t)) return
  const folder = t.testdir({})
  const { type } = await statfs(folder)
  if (type === ext) await posixSuite(t, folderSubject(t, 'disk', folder), tables)
  else t.comment(`the disk is no ext4 (${type.toString(16)}): tmpfs alone says what is right`)
})

t.test('a FUSE mount of /mfs', async t => {
  if (!canMount(t)) return
  const { path, logged } = await mountMfs(t)
  const folder = join(path, 'suite')
  await mkdir(folder)
  await posixSuite(t, folderSubject(t, 'mount', folder), tables)
  t.strictSame(logged, [], 'no request failed in a way nobody planned')
})

t.test('the tree of /mfs, without a kernel', async t => {
  const { tree, close } = openTree(t.testdir({}))
  t.teardown(close)
  await posixSuite(t, treeSubject(tree), tables)
})

/** Whether a tmpfs takes `user.` attributes: since Linux 6.6. */
function keepsXattrs(): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 6)
}

/** With the options that our mounts have. */
async function mountTmpfs(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-tmpfs-'))
  await run('mount', ['-t', 'tmpfs', '-o', 'nosuid,nodev,relatime', 'tmpfs', folder])
  t.teardown(async () => {
    await run('umount', ['--lazy', folder])
    await rmdir(folder)
  })
  return folder
}
