import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { requireFuse } from '../lib/skip.ts'
import { serveHome } from '../names/serve-home.ts'
import { makeWorld, until } from './run-cairn.ts'

t.test('a followed name: mounted read-only, moved under the mount, kept, stale', async t => {
  if (!requireFuse(t)) return
  const publisher = await makeWorld(t)
  await writeFile(join(publisher.folder, 'page'), 'one')
  const cid = await publisher.line(['add', 'page'])
  await publisher.line(['key', 'new', 'site'])
  const gateway = await serveHome(t, publisher)
  const folderOf = async (text: string) => {
    await rm(join(publisher.folder, 'site'), { recursive: true, force: true })
    await mkdir(join(publisher.folder, 'site'))
    await writeFile(join(publisher.folder, 'site/page'), text)
    return await publisher.line(['add', 'site'])
  }
  t.match(cid, /^baf/)
  const name = await publisher.line([
    'publish',
    await folderOf('one'),
    '--key',
    'site',
    '--lifetime',
    '90s'
  ])

  const world = await makeWorld(t)
  await mkdir(world.home)
  await writeFile(
    join(world.home, 'config.yaml'),
    `peers: { listen: none, libp2p: none }\nnames:\n  gateways: [${gateway.url}]\n`
  )
  t.match(await world.run(['follow', name, '--as', 'theirs']), {
    status: 0,
    stderr: /network is off/
  })
  t.strictSame(gateway.asked, [], 'with the network off nobody is asked')
  await world.line(['unfollow', 'theirs'])
  const environment = { CAIRN_NETWORK: 'lan' }
  t.match(await world.line(['resolve', name], { environment }), /^\/ipfs\/baf/)
  t.match(await world.run(['resolve', name]), { status: 1, stderr: /nobody/ }, 'nor with it off')
  t.equal(await world.line(['follows']), '', 'nothing is followed by it')
  await world.line(['follow', name, '--as', 'theirs'])
  const mount = join(world.folder, 'm')
  await world.start(['--mount', mount, '--network', 'lan'])
  t.match(await world.line(['resolve', name, '--json']), '"path":"/ipfs/baf')
  await until(async () => (await readdir(join(mount, 'ipns'))).includes('theirs'))
  const page = join(mount, 'ipns/theirs/page')
  t.equal(await readFile(page, 'utf8'), 'one', 'fetched when it is read')
  await t.rejects(writeFile(page, 'x'), { code: 'EROFS' })
  await t.rejects(writeFile(join(mount, 'ipns/new'), 'x'), { code: 'EROFS' })
  await t.rejects(readdir(join(mount, 'ipns/none')), { code: 'ENOENT' })

  await publisher.line(['publish', await folderOf('two'), '--key', 'site', '--lifetime', '60s'])
  t.match(await world.line(['follow', name, '--pin', '--json']), '"moved":true')
  t.equal(await readFile(page, 'utf8'), 'two', 'seen at once')
  gateway.close()
  t.match(await world.run(['follow', 'theirs']), { status: 0, stderr: /cannot be reached/ })
  t.equal(
    await readFile(join(mount, `ipns/${name}/page`), 'utf8'),
    'two',
    'kept when the publisher is gone'
  )
  t.match(await world.line(['follows', '--json']), '"state":"fresh"')
  t.match(
    await world.line(['stat', '/ipns/theirs/page']),
    `name   ${name}, fresh, its record holds until`
  )
  t.match(await world.line(['status']), '1 followed')
  await world.line(['unfollow', 'theirs'])
  await until(async () => !(await readdir(join(mount, 'ipns'))).includes('theirs'))
  t.equal((await world.run(['unfollow', 'theirs'])).status, 1)
})

t.test(
  'another machine that publishes with our key is found out, and nothing goes out by itself',
  async t => {
    const other = await makeWorld(t)
    const world = await makeWorld(t)
    const gateway = await serveHome(t, other)
    await mkdir(world.home)
    await writeFile(
      join(world.home, 'config.yaml'),
      `peers: { listen: none, libp2p: none }\nnames:\n  gateways: [${gateway.url}]\n`
    )
    await world.line(['key', 'new', 'site'])
    await world.line(['key', 'export', 'site', '-o', join(world.folder, 'pem')])
    await other.line(['key', 'import', 'site', join(world.folder, 'pem')])
    for (const each of [world, other]) {
      await writeFile(join(each.folder, 'page'), each.folder)
      await each.line(['publish', await each.line(['add', 'page']), '--key', 'site'])
    }
    const daemon = await world.start(['--mount', 'none', '--network', 'lan'])
    await until(async () => (await world.line(['key', 'ls'])).includes('ANOTHER MACHINE'))
    await until(async () => daemon.log().includes('another machine publishes'))
    t.match(await world.line(['status']), /1 PUBLISHED ELSEWHERE/)
    const cid = await world.line(['add', 'page'])
    t.match(await world.run(['publish', cid, '--key', 'site']), { status: 1, stderr: /--settle/ })
    await world.line(['publish', cid, '--key', 'site', '--settle'])
    t.notMatch(await world.line(['key', 'ls']), 'ANOTHER')
    const logged = await world.line(['log', 'site'])
    t.match(logged, `/ipfs/${await other.line(['add', 'page'])}`, 'the other head stays in the log')
    t.match(logged, `${cid}  `)
    t.equal((await world.run(['log', 'none'])).status, 1)
  }
)
