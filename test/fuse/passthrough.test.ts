import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { toName } from '../../src/base/names.ts'
import { requireThat } from '../lib/skip.ts'
import { mountMfs } from './mount-mfs.ts'
import { canMount, mountTestTree, shell, until } from './mounted.ts'
import { interpreter, python } from './python.ts'

type MountedMfs = Awaited<ReturnType<typeof mountMfs>>

const habits = fileURLToPath(new URL('./in-place-habits.py', import.meta.url))
const makeLarge = "open('f','wb').write(b'0123456789abcdef'*65536)"

/** A mount with passthrough; undefined, loudly, where this kernel has none. */
async function mountInPlace(t: Test): Promise<MountedMfs | undefined> {
  if (!canMount(t)) return
  const mounted = await mountMfs(t, { passthrough: true })
  const { passthroughProblem: problem } = mounted.mount
  return requireThat(t, problem === undefined, `FUSE passthrough: ${problem}`) ? mounted : undefined
}

const sealed = ({ tree }: MountedMfs) =>
  until(async () => (await tree.seal()) !== undefined && !tree.isDirty())

t.test('what the kernel writes in place is as on the disk, whatever programs do', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  const disk = await shell(t.testdir(), 'python3 "$1"', [habits])
  t.equal(disk.status, 0, disk.stderr)
  t.ok(disk.stdout.split('\n').length > 15)
  const here = await shell(mounted.path, 'python3 "$1"', [habits])
  t.equal(here.stdout, disk.stdout, here.stderr)
  t.strictSame(mounted.logged, [])
  await sealed(mounted)
  t.pass('and all of it is let go of, and sealed')
})

t.test('the kernel asks for no data of a file that is large when it is opened', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  const asked = () => {
    const { read = 0, write = 0 } = mounted.mount.statistics().requests
    return read + write
  }
  await python(t, mounted.path, makeLarge)
  const use =
    "f=open('f','r+b',0);f.write(b'Y'*500000);f.seek(0);assert f.read(2)==b'YY';assert open('f','rb').read(2)==b'YY'"
  for (const _ of ['not sealed', 'sealed']) {
    const before = asked()
    await python(t, mounted.path, use)
    t.equal(asked(), before)
    await sealed(mounted)
  }
  await python(t, mounted.path, "assert open('f','rb').read()[499999:500001]==b'Y0'")
})

t.test('opened and closed by several at once, in all ways: never an error', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  const loop = `import os
for i in range(300):
  for n in ('f','g'):
    f=os.open(n,[os.O_RDONLY,os.O_RDWR,os.O_WRONLY|os.O_APPEND,os.O_RDWR|os.O_CREAT][i%4])
    if i%4: os.write(f,b'x'*100)
    else: os.read(f,100)
    os.close(f)`
  const run =
    'cp f g; for n in 1 2 3; do python3 -c "$1" & all="$all $!"; done; for p in $all; do wait $p || exit; done'
  await python(t, mounted.path, makeLarge)
  const { status, stderr } = await shell(mounted.path, run, [loop])
  t.equal(status, 0, stderr)
  await sealed(mounted)
})

t.test('sealed while open as it is then; what is written is noticed without a request', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  await python(t, mounted.path, makeLarge)
  const python3 = await interpreter(t, mounted.path)
  await python3("f=open('f','r+b',0)")
  const before = mounted.mount.statistics().writtenInPlace
  t.equal(mounted.mount.statistics().writtenInPlace, before, 'not without a write')
  await python3("f.write(b'first')")
  t.equal(mounted.mount.statistics().writtenInPlace, before + 1)
  t.equal(await sealedContent(mounted), 'first')
  await python3("f.seek(0);f.write(b'after');f.close()")
  await sealed(mounted)
  t.equal(await sealedContent(mounted), 'after')
})

t.test('a mapping outlives its handle: no seal takes the file from under it', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  await python(t, mounted.path, makeLarge)
  const python3 = await interpreter(t, mounted.path)
  await python3("import mmap;m=mmap.mmap(os.open('f',os.O_RDWR),0);os.closerange(3,64)")
  for (const word of ['first', 'later', 'third']) {
    await mounted.tree.seal()
    await python3(`m[0:5]=b'${word}'`)
  }
  await mounted.tree.seal()
  t.ok(mounted.tree.isDirty(), 'kept while it is mapped')
  await python3('m.close()')
  await sealed(mounted)
  t.equal(await sealedContent(mounted), 'third')
})

t.test('a file with set-id bits is written by requests, so that they go', async t => {
  const mounted = await mountInPlace(t)
  if (mounted === undefined) return
  await python(t, mounted.path, `import os;${makeLarge};os.chmod('f',0o6777)`)
  const other = 'setpriv --reuid=65534 --regid=65534 --clear-groups bash -c "echo x >> f"'
  t.match(await shell(mounted.path, other), { status: 0 })
  await until(async () => (await shell(mounted.path, 'stat -c %a f')).stdout === '777\n')
})

t.test('a tree without plain files: mounted all the same, and it is said why', async t => {
  if (!canMount(t)) return
  const { path, mount } = await mountTestTree(t, { passthrough: true })
  t.match(mount.passthroughProblem, /plain file/)
  t.equal((await shell(path, 'cat hello')).stdout, 'hello, world\n')
})

/** The first five bytes of the file `f`, as they went into a seal made now. */
async function sealedContent({ tree, content }: MountedMfs): Promise<string> {
  const { cid } = await tree.seal()
  const { reader } = content
  const link = reader.lookup(cid.code, cid.multihash.bytes, toName('f'))
  if (link === undefined) throw new Error('f is not in the seal')
  const bytes = new Uint8Array(5)
  reader.readFile(link.codec, link.multihash, bytes, 0)
  return new TextDecoder().decode(bytes)
}
