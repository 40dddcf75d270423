import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { requireFuse } from '../lib/skip.ts'
import { makeWorld, until } from './run-cairn.ts'

const run = promisify(execFile)

interface Logged {
  readonly cid: string
  readonly name: string
  readonly reason: string
}

t.test('earlier states are folders below mfs/.snapshots, and are restored from there', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount])
  const mfs = (path: string) => join(mount, 'mfs', path)
  const logged = async (): Promise<Logged[]> =>
    (await world.line(['log', '--json'])).split('\n').map(line => JSON.parse(line))
  await mkdir(mfs('notes/deep'), { recursive: true })
  await writeFile(mfs('notes/a.txt'), 'first')
  await writeFile(mfs('notes/deep/b.txt'), 'deep')
  const cid = await world.line(['snapshot'])
  const { name = '' } = (await logged()).find(entry => entry.cid === cid) ?? {}
  t.match(name, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z$/)
  await writeFile(mfs('notes/a.txt'), 'second')
  await rm(mfs('notes/deep'), { recursive: true })

  t.notOk((await readdir(mfs(''))).includes('.snapshots'), 'in no listing')
  t.ok((await readdir(mfs('.snapshots'))).includes(name))
  t.equal(await readFile(mfs(`.snapshots/${name}/notes/a.txt`), 'utf8'), 'first')
  await run('cp', ['-a', mfs(`.snapshots/${name}/notes`), mfs('copied')])
  t.equal(await readFile(mfs('copied/deep/b.txt'), 'utf8'), 'deep')
  await t.rejects(writeFile(mfs(`.snapshots/${name}/new`), ''), { code: 'EROFS' })
  await t.rejects(rm(mfs(`.snapshots/${name}/notes/a.txt`)), { code: 'EROFS' })
  t.match(await world.line(['ls', `/mfs/.snapshots/${name}/notes`]), 'a.txt')

  await world.line(['restore', name, '/mfs/notes/deep'])
  t.equal(await readFile(mfs('notes/deep/b.txt'), 'utf8'), 'deep', 'a folder, seen at once')
  t.equal(await readFile(mfs('notes/a.txt'), 'utf8'), 'second', 'and nothing beside it')
  await world.line(['restore', cid, 'notes/a.txt'])
  t.equal(await readFile(mfs('notes/a.txt'), 'utf8'), 'first', 'a file')
  t.equal(await world.line(['restore', name]), cid)
  t.strictSame(await readdir(mfs('')), ['notes'], 'all')
  t.strictSame(
    (await logged()).map(entry => entry.reason),
    [
      `restore ${cid}`,
      `restore notes/a.txt of ${cid}`,
      `restore notes/deep of ${cid}`,
      'before restore',
      'snapshot'
    ],
    'what was there is kept'
  )
  t.match(await world.run(['restore', '2001-01-01', 'x']), { status: 2, stderr: /cairn log/ })
  t.match(await world.run(['restore', cid, '/ipfs/x']), { status: 2 })
  t.match(await world.run(['restore', cid, 'none']), { status: 1, stderr: /no none/ })
  await world.line(['stop'])
  await world.line(['restore', name, 'notes'])
  t.equal((await world.run(['cat', '/mfs/notes/a.txt'])).stdout, 'first', 'without a daemon')
})

t.test('what another door writes is seen in the mount though the kernel knew better', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  const { url } = await world.start(['--mount', mount])
  const mfs = (path: string) => join(mount, 'mfs', path)
  const put = (path: string, body: string) =>
    fetch(`${url}dav/mfs/${path}`, { method: 'PUT', body })
  await writeFile(mfs('file'), 'first')
  await until(async () => (await readFile(mfs('file'), 'utf8')) === 'first')
  const { ino } = await stat(mfs('file'))
  await put('file', 'second and longer')
  await until(async () => (await stat(mfs('file'))).ino !== ino)
  t.equal(await readFile(mfs('file'), 'utf8'), 'second and longer')
  await fetch(`${url}dav/mfs/file`, { method: 'DELETE' })
  await until(async () => !(await readdir(mfs(''))).includes('file'))
  await t.rejects(stat(mfs('file')), { code: 'ENOENT' })
})
