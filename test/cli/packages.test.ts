import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { requireClient, requireFuse } from '../lib/skip.ts'
import { makeWorld, type World } from './run-cairn.ts'

async function packDeb(world: World): Promise<Buffer> {
  const tree = join(world.folder, 'tree')
  await mkdir(join(tree, 'DEBIAN'), { recursive: true })
  await mkdir(join(tree, 'usr/share/odd'), { recursive: true })
  const control = 'Package: odd\nVersion: 1\nArchitecture: all\nMaintainer: t\nDescription: d\n'
  await writeFile(join(tree, 'DEBIAN/control'), control)
  await writeFile(join(tree, 'usr/share/odd/text'), 'unpacked')
  const deb = join(world.folder, 'odd.deb')
  await promisify(execFile)('dpkg-deb', ['--root-owner-group', '-b', tree, deb])
  return await readFile(deb)
}

t.test('a package fetched through apt is in the mount, and its contents as a folder', async t => {
  if (!requireFuse(t) || !requireClient(t, 'dpkg-deb')) return
  const world = await makeWorld(t)
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  const deb = await packDeb(world)
  const broken = Buffer.from(deb)
  broken.fill(0, deb.length >> 1)
  origin.items.set('debian/pool/o/odd/odd_1_all.deb', { body: deb })
  origin.items.set('debian/pool/o/odd/broken_1_all.deb', { body: broken })
  await mkdir(world.home)
  const config = `apt:\n  upstreams:\n    debian: ${origin.url}debian/\n`
  await writeFile(join(world.home, 'config.yaml'), config)
  const mount = join(world.folder, 'm')
  const daemon = await world.start(['--mount', mount])
  const folder = join(mount, 'pkg/apt/debian/pool/o/odd')
  await t.rejects(readdir(folder), { code: 'ENOENT' })
  for (const name of ['odd_1_all.deb', 'broken_1_all.deb']) {
    await (await fetch(`${daemon.url}apt/debian/pool/o/odd/${name}`)).arrayBuffer()
  }
  t.same((await readdir(folder)).sort(), [
    'broken_1_all',
    'broken_1_all.deb',
    'odd_1_all',
    'odd_1_all.deb'
  ])
  t.same(await readFile(join(folder, 'odd_1_all.deb')), deb, 'the archive as it was fetched')
  t.ok((await stat(join(folder, 'odd_1_all'))).isDirectory())
  t.same((await readdir(join(folder, 'odd_1_all'))).sort(), ['DEBIAN', 'usr'])
  t.equal(await readFile(join(folder, 'odd_1_all/usr/share/odd/text'), 'utf8'), 'unpacked')
  t.match(await readFile(join(folder, 'odd_1_all/DEBIAN/control'), 'utf8'), /^Package: odd/)
  await t.rejects(readdir(join(folder, 'broken_1_all')), { code: 'EIO' })
  t.equal((await readdir(join(folder, 'odd_1_all/usr'))).length, 1, 'and the mount goes on')
})
