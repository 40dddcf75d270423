import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from './run-cairn.ts'

t.test('a home that can be none: every verb says so in words, with status 1, and ends', async t => {
  const world = await makeWorld(t)
  await writeFile(join(world.folder, 'file'), '')
  const start = ['start', '--mount', 'none', '--listen', '127.0.0.1:0']
  const none = '/proc/none'
  const cases: ReadonlyArray<readonly [readonly string[], string, RegExp]> = [
    [start, '/dev/null', /^cairn: \/dev\/null is not a folder\n$/],
    [start, join(world.folder, 'file', 'below'), /^cairn: \S+file is not a folder\n$/],
    [start, none, /^cairn: cannot make the folder \/proc\/none\b.*\n$/],
    [['snapshot'], none, /^cairn: cannot make the folder \/proc\/none\b.*\n$/],
    [['status'], '/dev/null', /no daemon runs on \/dev\/null/],
    [['stop'], '/dev/null', /no daemon runs on \/dev\/null/]
  ]
  for (const [verb, home, said] of cases) {
    const { status, stderr } = await world.run([...verb, '--home', home])
    t.equal(status, 1, `${verb[0]} ${home}`)
    t.match(stderr, said)
  }
})

t.test('a mount within the home, or a home within the mount, is refused', async t => {
  const world = await makeWorld(t)
  await mkdir(world.home, { mode: 0o700 })
  await symlink(world.home, join(world.folder, 'link'))
  const cases = [
    [world.home, world.home],
    [world.home, join(world.home, 'm')],
    [world.home, join(world.folder, 'link', 'm')],
    [join(world.folder, 'm', 'mfs', 'home'), join(world.folder, 'm')]
  ] as const
  for (const [home, mount] of cases) {
    const args = ['start', '--home', home, '--mount', mount, '--listen', '127.0.0.1:0']
    const { status, stderr } = await world.run(args)
    t.equal(status, 2, mount)
    t.match(stderr, /one lies within the other; choose another mount folder/)
  }
})

t.test('a name that nobody follows here: told how to bring it', async t => {
  const world = await makeWorld(t)
  const key = 'k51qzi5uqu5dlvj2baxnqndepeb86cbk3ng7n3i46uzyxzyqj2xjonzllnv0v8'
  for (const path of [key, `/ipfs/${key}/a`]) {
    const { status, stderr } = await world.run(['stat', path])
    t.equal(status, 1)
    t.match(stderr, /is neither followed nor published here: cairn follow brings it/)
  }
})
