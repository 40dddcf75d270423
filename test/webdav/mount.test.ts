import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld, until } from '../cli/run-cairn.ts'
import { requireFuse } from '../lib/skip.ts'

t.test('the drive and the mount show one tree, each other’s writes too', async t => {
  if (!requireFuse(t)) return
  const world = await makeWorld(t)
  const mount = join(world.folder, 'm')
  const { url } = await world.start(['--mount', mount])
  const drive = new URL('/dav/mfs/', url)
  const put = (name: string, body: string) => fetch(new URL(name, drive), { method: 'PUT', body })
  const get = async (name: string) => (await fetch(new URL(name, drive))).text()
  const file = join(mount, 'mfs', 'a')

  t.equal((await put('a', 'by the drive')).status, 201)
  t.equal(await readFile(file, 'utf8'), 'by the drive')
  await chmod(file, 0o755)
  const before = (await fetch(new URL('a', drive))).headers.get('etag')
  await writeFile(file, 'by the mount')
  t.equal(await get('a'), 'by the mount')
  t.not((await fetch(new URL('a', drive))).headers.get('etag'), before)

  t.equal((await put('a', 'again by the drive')).status, 204)
  await until(async () => (await readFile(file, 'utf8')) === 'again by the drive')
  t.equal((await stat(file)).mode & 0o777, 0o755, 'the mode stays')
  await fetch(new URL('a', drive), { method: 'DELETE' })
  await until(() =>
    stat(file).then(
      () => false,
      () => true
    )
  )
  const cid = await world.line(['snapshot'])
  t.equal((await fetch(new URL(`/dav/ipfs/${cid}/`, url))).status, 200)
})

t.test('what is put is sealed by itself once writing has paused', async t => {
  const world = await makeWorld(t)
  const { url } = await world.start()
  await fetch(new URL('/dav/mfs/a', url), { method: 'PUT', body: 'text' })
  await until(async () => (await world.run(['log'])).stdout.includes('seal'))
  t.match((await fetch(new URL('/dav/mfs/a', url))).headers.get('etag'), /^"baf/)
})
