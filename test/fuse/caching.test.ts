import t, { type Test } from 'tap'
import { canMount, type Mounted, mountTestTree, shell } from './mounted.ts'
import { testTreeData } from './test-tree.ts'

/** The inode of `many` in the test tree. */
const many = 3

/** What a script makes the kernel ask, closing of handles left out: it comes some time later. */
async function requestsOf(
  { path, mount }: Mounted,
  script: string
): Promise<Record<string, number>> {
  const before = mount.statistics().requests
  const { status, stderr } = await shell(path, script)
  if (status !== 0) throw new Error(stderr)
  const after = Object.entries(mount.statistics().requests)
  const made = after.map(([name, count]) => [name, count - (before[name] ?? 0)] as const)
  const late = ['release', 'releasedir', 'forget', 'batch_forget']
  return Object.fromEntries(made.filter(([name, count]) => count > 0 && !late.includes(name)))
}

/** Read-only, as frozen trees are: elsewhere each read makes the kernel ask for a new access time. */
const mountFrozen = (t: Test): Promise<Mounted> =>
  mountTestTree(t, { readOnly: true }, testTreeData('frozen'))

t.test('what the kernel need not ask twice', async t => {
  if (!canMount(t)) return

  t.test('of a frozen tree: content, attributes, listings and absent names', async t => {
    const mounted = await mountFrozen(t)
    const script = 'cd many; cat file-1 file-2; stat file-3; ls; ! test -e absent'
    const first = await requestsOf(mounted, script)
    t.match(first, { read: 2, open: 1 }, 'the first open is answered: never again')
    const second = Object.keys(await requestsOf(mounted, script))
    const needless = ['read', 'readdir', 'readdirplus', 'open', 'getattr']
    t.strictSame(
      second.filter(name => needless.includes(name)),
      []
    )
    t.equal((await requestsOf(mounted, 'cd many; cat file-1; ! test -e absent')).lookup ?? 0, 0)
  })

  t.test('of a frozen root: names that are not there are asked for each time', async t => {
    const mounted = await mountFrozen(t)
    for (const _ of [1, 2]) t.match(await requestsOf(mounted, '! test -e absent'), { lookup: 1 })
  })

  t.test('of a live tree: nothing that is not there, and content anew with each open', async t => {
    const mounted = await mountTestTree(t)
    for (const _ of [1, 2]) {
      t.match(await requestsOf(mounted, '! test -e many/absent; cat hello'), { open: 1, read: 1 })
    }
  })

  t.test('a large file is read ahead in large requests', async t => {
    const mounted = await mountTestTree(t)
    await requestsOf(mounted, 'head -c 16M /dev/zero >large')
    const { read = 0 } = await requestsOf(mounted, 'cat large >/dev/null')
    t.ok(read >= 16 && read < 32, `${read} requests for 16 MiB, where 128 KiB each would be 128`)
  })

  t.test('until it is told to forget', async t => {
    const mounted = await mountFrozen(t)
    await requestsOf(mounted, 'cat many/file-1')
    t.notOk((await requestsOf(mounted, 'cat many/file-1')).read, 'cached')
    await mounted.mount.invalidateInode(5)
    t.equal((await requestsOf(mounted, 'cat many/file-1')).read, 1)
    await mounted.mount.invalidateEntry(many, 'file-1')
    t.equal((await requestsOf(mounted, 'cat many/file-1')).lookup, 1)
  })
})
