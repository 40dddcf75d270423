import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, open, readdir, readFile, rename, statfs, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { seededBytes } from '../lib/deterministic.ts'
import { requireClient, requireFuse, requireRoot } from '../lib/skip.ts'
import { makeWorld, until, type World } from './run-cairn.ts'

const run = promisify(execFile)
const mebibyte = 1024 * 1024

async function findings(world: World) {
  const { stdout } = await world.run(['doctor', '--json'])
  const found = stdout.trimEnd().split('\n')
  return found.map(line => JSON.parse(line)) as Array<{ check: string; found: string }>
}

async function makeHome(t: Test, config: string): Promise<World> {
  const world = await makeWorld(t)
  await mkdir(world.home, { mode: 0o700 })
  await writeFile(join(world.home, 'config.yaml'), config)
  return world
}

t.test('nothing is written through a read-only mount of mfs, and other doors go on', async t => {
  if (!requireFuse(t)) return
  const world = await makeHome(t, 'mfs:\n  access: read-only\n')
  const mount = join(world.folder, 'm')
  const { url } = await world.start(['--mount', mount])
  const put = (name: string, body: string) =>
    fetch(`${url}dav/mfs/${name}`, { method: 'PUT', body })
  t.equal((await put('file', 'first')).status, 201)
  const file = join(mount, 'mfs', 'file')
  t.equal(await readFile(file, 'utf8'), 'first')
  const refused: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
    ['write', () => writeFile(file, 'x')],
    ['append', () => open(file, 'a')],
    ['create', () => writeFile(`${file}2`, 'x')],
    ['unlink', () => unlink(file)],
    ['rename', () => rename(file, `${file}2`)],
    ['mkdir', () => mkdir(`${file}2`)],
    ['setfattr', () => run('setfattr', ['-n', 'user.x', '-v', '1', file])],
    ['chmod', () => run('chmod', ['600', file])],
    ['touch', () => run('touch', [file])],
    ['truncate', () => run('truncate', ['-s', '0', file])],
    ['ln', () => run('ln', [file, `${file}2`])],
    ['mkfifo', () => run('mkfifo', [`${file}2`])]
  ]
  for (const [what, attempt] of refused) {
    await t.rejects(attempt(), /EROFS|Read-only file system/, what)
  }
  t.equal((await put('file', 'second')).status, 204)
  await until(async () => (await readFile(file, 'utf8')) === 'second')
  t.strictSame(await readdir(join(mount, 'mfs')), ['file'])
  const found = (await findings(world)).find(({ check }) => check === 'mount folder')
  t.match(found, { found: /mfs \(read-only\)/ })
  t.match(await world.line(['status']), /mfs {2}read-only/)
})

t.test('df tells what there is room for: what the disk has, less what is kept free', async t => {
  if (!requireFuse(t) || !requireRoot(t)) return
  const world = await makeWorld(t)
  await mkdir(world.home, { mode: 0o700 })
  await run('mount', ['-t', 'tmpfs', '-o', 'size=800m', 'cairn-test', world.home])
  t.teardown(() => run('umount', ['-l', world.home]))
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  const free = async (path: string) => {
    const { bsize, bavail, blocks } = await statfs(path)
    return { total: blocks * bsize, free: (bavail * bsize) / mebibyte }
  }
  const [disk, mfs] = [await free(world.home), await free(join(mount, 'mfs'))]
  t.equal(mfs.total, disk.total)
  t.ok(disk.free - mfs.free >= 32 && disk.free - mfs.free < 34, 'not the 32 MiB for names')
  await run('dd', ['if=/dev/zero', `of=${join(mount, 'mfs', 'file')}`, 'bs=1M', 'count=100'], {
    cwd: '/'
  })
  const after = await free(join(mount, 'mfs'))
  t.ok(mfs.free - after.free >= 100 && mfs.free - after.free < 110, 'less when a draft is written')
})

/** Writes records into a file that is large already, each synchronised before its number is said. */
const recording = `import os,sys
f=os.open(sys.argv[1],os.O_RDWR)
n=0
while True:
    os.pwrite(f,n.to_bytes(8,'little')*512,n*4096)
    os.fsync(f)
    print(n,flush=True)
    n+=1`

t.test(
  'mfs passed through: a daemon killed loses nothing that was synchronised in place',
  async t => {
    if (!requireFuse(t) || !requireRoot(t) || !requireClient(t, 'python3')) return
    const world = await makeHome(t, 'mfs:\n  passthrough: on\n')
    const mount = join(world.folder, 'm')
    const file = join(mount, 'mfs', 'file')
    let daemon = await world.start(['--mount', mount])
    const passthrough = (await findings(world)).find(({ check }) => check === 'passthrough')
    t.match(passthrough, { found: 'large files of mfs' })
    await run('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=2'], { cwd: '/' })
    for (const kill of [5, 40]) {
      const child = spawn('python3', ['-c', recording, file], {
        stdio: ['ignore', 'pipe', 'ignore']
      })
      t.teardown(() => child.kill('SIGKILL'))
      let said = -1
      for await (const line of createInterface({ input: child.stdout })) {
        said = Number(line)
        if (said === kill) daemon.child.kill('SIGKILL')
      }
      if (child.exitCode === null) await once(child, 'exit')
      t.ok(said >= kill, 'its fsync failed then')
      await daemon.ended
      daemon = await world.start(['--mount', mount])
      const bytes = await readFile(file)
      t.equal(bytes.length, 2 * 1024 * 1024)
      const lost = Array.from({ length: said + 1 }, (_, n) => n).filter(
        n => bytes.readUInt32LE(n * 4096) !== n || bytes.readUInt32LE(n * 4096 + 4088) !== n
      )
      t.strictSame(lost, [])
    }
    const before = await world.line(['snapshot'])
    const sealed = await readFile(join(mount, 'ipfs', before, 'file'))
    t.ok(sealed.equals(await readFile(file)), 'and sealed')
  }
)

/** Maps a file, closes it, and says its digest whenever it is asked. */
const mapping = `import hashlib,mmap,os,sys
m=mmap.mmap(os.open(sys.argv[1],os.O_RDONLY),0,prot=mmap.PROT_READ)
os.closerange(3,64)
while True:
    print(hashlib.sha256(m).hexdigest(),flush=True)
    if not sys.stdin.readline(): break`

t.test(
  'ipfs passed through: who maps a file keeps it when the daemon is killed, and for its lifetime',
  async t => {
    if (!requireFuse(t) || !requireRoot(t) || !requireClient(t, 'python3')) return
    const world = await makeHome(t, 'ipfs:\n  passthrough: on\n')
    const mount = join(world.folder, 'm')
    const shared = () => readdir(join(world.home, 'segments', 'in-place'))
    const daemon = await world.start(['--mount', mount])
    const passthrough = (await findings(world)).find(({ check }) => check === 'passthrough')
    t.match(passthrough, { found: 'large files of ipfs' })
    const bytes = seededBytes(33 * mebibyte + 5, 'mapped')
    const digest = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(mount, 'mfs', 'file'), bytes)
    const file = join(mount, 'ipfs', await world.line(['snapshot']), 'file')
    const child = spawn('python3', ['-c', mapping, file], { stdio: ['pipe', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    t.equal((await lines.next()).value, digest)
    daemon.child.kill('SIGKILL')
    await daemon.ended
    const second = await world.start(['--mount', mount])
    t.equal((await shared()).length, 1)
    child.stdin.write('\n')
    t.equal((await lines.next()).value, digest)
    t.equal(
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
      digest
    )
    second.child.kill('SIGKILL')
    await second.ended
    child.stdin.end()
    await once(child, 'exit')
    await world.start(['--mount', mount])
    t.same(await shared(), [])
  }
)

t.test(
  'get writes what was just written to mfs, which it seals; not what is open for writing',
  async t => {
    if (!requireFuse(t)) return
    const world = await makeHome(t, '')
    const mount = join(world.folder, 'm')
    const daemon = await world.start(['--mount', mount])
    const file = join(mount, 'mfs', 'file')
    await writeFile(file, 'first')
    await world.line(['get', '/mfs/file', '-o', 'a'])
    t.equal(await readFile(join(world.folder, 'a'), 'utf8'), 'first')
    const handle = await open(file, 'w')
    await handle.write('second')
    const refused = await world.run(['get', '/mfs/file', '-o', 'b'])
    t.match(refused, { status: 1, stderr: /file is open for writing/ })
    await handle.close()
    await world.line(['stop'])
    await daemon.ended
    await world.line(['get', '/mfs/file', '-o', 'b'])
    t.equal(await readFile(join(world.folder, 'b'), 'utf8'), 'second', 'without a daemon too')
  }
)
