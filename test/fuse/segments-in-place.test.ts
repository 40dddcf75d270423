import { createHash } from 'node:crypto'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { collectGarbage } from '../../src/store/collect/collect-garbage.ts'
import { dagLinks } from '../../src/unixfs/dag-links.ts'
import { seededBytes } from '../lib/deterministic.ts'
import { requireThat } from '../lib/skip.ts'
import { type MountedIpfs, mountIpfs } from './mount-ipfs.ts'
import { canMount, mountTestTree, shell, until } from './mounted.ts'
import { interpreter } from './python.ts'
import { testTreeData } from './test-tree.ts'

const mebibyte = 1024 * 1024

const habits = fileURLToPath(new URL('./reading-habits.py', import.meta.url))

/** /ipfs with passthrough; undefined, loudly, where this kernel has none. */
async function mountInPlace(t: Test): Promise<MountedIpfs | undefined> {
  if (!canMount(t)) return
  const mounted = await mountIpfs(t, { passthrough: true })
  const { passthroughProblem: problem } = mounted.mount
  return requireThat(t, problem === undefined, `FUSE passthrough: ${problem}`) ? mounted : undefined
}

/** What is open as `f` is only mapped then: Python's own mapping keeps a handle besides. */
const mapAndClose =
  'import os;m=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ);f.close();os.closerange(3,64)'

/** Reads that the kernel asked for so far. */
const asked = ({ mount }: MountedIpfs) => mount.statistics().requests.read ?? 0

/** Names by which files are shared at this moment. */
const shared = ({ content }: MountedIpfs) =>
  readdirSync(content.store.sharing.folder).filter(name => name.endsWith('.flat'))

/** The blocks of a file but the first few are dropped, and its segment collected. */
async function collect({ content }: MountedIpfs, cid: string, kept = 0): Promise<void> {
  const { store, database, paths } = content
  const { code, multihash } = CID.parse(cid)
  const leaves = [...content.reader.rawLeaves(code, multihash.bytes)]
  store.remove(leaves.slice(kept).map(leaf => leaf.multihash))
  await collectGarbage({ segments: paths.segments, database, references: [], linksOf: dagLinks })
}

/** Bytes of flat segments on the disk, under any name. */
function flatBytes({ content }: MountedIpfs): number {
  const { segments } = content.paths
  const inodes = new Map<number, number>()
  for (const name of readdirSync(segments, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.flat')) continue
    const { ino, size } = statSync(join(segments, name))
    inodes.set(ino, size)
  }
  return [...inodes.values()].reduce((sum, size) => sum + size, 0)
}

t.test(
  'a large file that is one in the store is read without a request, as on the disk',
  async t => {
    const mounted = await mountInPlace(t)
    if (mounted === undefined) return
    const { cid, path } = mounted.addLarge('large')
    const disk = await shell('/', 'python3 "$1" "$2"', [habits, path])
    t.equal(disk.status, 0, disk.stderr)
    t.ok(disk.stdout.split('\n').length > 12)
    const here = await shell(mounted.path, 'python3 "$1" "$2"', [habits, cid])
    t.equal(here.stdout, disk.stdout, here.stderr)
    t.equal(asked(mounted), 0)
    t.strictSame(mounted.logged, [])
  }
)

t.test('what is not one file in the store is read by requests, and its pages are kept', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  const large = seededBytes(33 * mebibyte, 'in blocks')
  for (const bytes of [large, large.subarray(0, 3 * mebibyte), large.subarray(0, 100)]) {
    const cid = mounted.add(bytes)
    const digest = createHash('sha256').update(bytes).digest('hex')
    const before = asked(mounted)
    t.match((await shell(mounted.path, 'sha256sum < "$1"', [cid])).stdout, digest)
    const after = asked(mounted)
    t.ok(after > before)
    t.match((await shell(mounted.path, 'sha256sum < "$1"', [cid])).stdout, digest)
    t.equal(asked(mounted), after)
  }
  t.strictSame(shared(mounted), [])
})

t.test('a file that becomes one while it is open is read as before until it is closed', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  const bytes = seededBytes(33 * mebibyte, 'in blocks first')
  const cid = mounted.add(bytes)
  const python3 = await interpreter(t, mounted.path)
  await python3(`import mmap;f=open('${cid}','rb',0);m=mmap.mmap(f.fileno(),0,prot=1)`)
  mounted.add(bytes, { flat: true })
  await python3(`g=open('${cid}','rb',0);assert g.read()==m[:]==f.read()`)
  t.strictSame(shared(mounted), [])
  await python3('m.close();f.close();g.close()')
  await until(async () => {
    await python3(`f=open('${cid}','rb',0)`)
    const { length } = shared(mounted)
    if (length === 0) await python3('f.close()')
    return length === 1
  })
  const before = asked(mounted)
  await python3('assert len(f.read())==33<<20')
  t.equal(asked(mounted), before)
})

t.test(
  'several processes that open, map and close some files: each sees the right bytes',
  async t => {
    const mounted = await mountInPlace(t)
    if (mounted === undefined) return
    const files = ['a', 'b'].map(name => mounted.addLarge(name))
    const small = mounted.add(seededBytes(5 * mebibyte, 'c'))
    const loop = `import mmap,os,sys
files=[(n,open(p,'rb').read()) for n,p in zip(sys.argv[1::2],sys.argv[2::2])]
for i in range(40):
  for n,data in files:
    f=os.open(n,os.O_RDONLY)
    at=i*400009%len(data)
    assert os.pread(f,9000,at)==data[at:at+9000],(n,at)
    m=mmap.mmap(f,0,prot=mmap.PROT_READ)
    os.closerange(3,64)
    assert m[at:at+9000]==data[at:at+9000],(n,at)`
    const run =
      'for n in 1 2 3; do python3 -c "$@" & all="$all $!"; done; for p in $all; do wait $p || exit; done'
    const plain = join(mounted.disk, 'small')
    writeFileSync(plain, seededBytes(5 * mebibyte, 'c'))
    const args = [...files, { cid: small, path: plain }].flatMap(({ cid, path }) => [cid, path])
    const { status, stderr } = await shell(mounted.path, run, [loop, ...args])
    t.equal(status, 0, stderr)
    await until(() => shared(mounted).length === 0)
    t.strictSame(mounted.logged, [])
  }
)

for (const kept of [0, 10]) {
  const what = kept === 0 ? 'dropped' : `dropped but for ${kept} blocks, which are copied`
  t.test(
    `who has a file open or mapped keeps it while it is ${what}; then its room is free`,
    async t => {
      const mounted = await mountInPlace(t)
      if (mounted === undefined) return
      const { cid, path } = mounted.addLarge('collected')
      const start = () => interpreter(t, mounted.path)
      const [opened, mapped] = [await start(), await start()]
      for (const python3 of [opened, mapped]) {
        await python3(`import mmap;d=open('${path}','rb').read();f=open('${cid}','rb',0);f.read(1)`)
      }
      await mapped(mapAndClose)
      await collect(mounted, cid, kept)
      t.equal(shared(mounted).length, 1)
      await opened(
        `g=open('${cid}','rb',0);f.seek(0);assert f.read()==d==g.read();f.close();g.close()`
      )
      t.equal(flatBytes(mounted), 33 * mebibyte + 17)
      await mapped('assert m[:]==d;m.close()')
      await until(() => flatBytes(mounted) === 0)
      const part = `head -c ${kept * mebibyte} "$1" | cmp -n ${kept * mebibyte} - "$2"`
      t.match(await shell(mounted.path, part, [cid, path]), { status: 0 })
      const { status, stderr } = await shell(mounted.path, 'cat "$1" | cmp - "$2"', [cid, path])
      t.not(status, 0, 'and the rest is not here any more')
      t.match(stderr, /error/)
    }
  )
}

t.test('what was read and closed goes in a collection as everything else', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  const { cid, path } = mounted.addLarge('read before')
  t.match(await shell(mounted.path, 'cmp "$1" "$2"', [cid, path]), { status: 0 })
  await until(() => shared(mounted).length === 0)
  await collect(mounted, cid)
  t.equal(flatBytes(mounted), 0)
})

t.test(
  'without a file to be had the kernel is asked to open nothing, as without passthrough',
  async t => {
    if (!canMount(t)) return
    const { mount, path } = await mountTestTree(t, { passthrough: true }, testTreeData('frozen'))
    t.match(mount.passthroughProblem, /plain file/)
    for (const _ of [1, 2, 3]) t.match(await shell(path, 'cat hello'), { stdout: 'hello, world\n' })
    t.equal(mount.statistics().requests.open, 1)
  }
)
