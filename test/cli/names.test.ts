import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { requireFuse } from '../lib/skip.ts'
import { makeWorld, until, type World } from './run-cairn.ts'

const run = promisify(execFile)

interface Key {
  readonly name: string
  readonly alias: string
  readonly cid?: string
  readonly sequence?: string
  readonly publishes?: string
}

const keysOf = async (world: World): Promise<Key[]> =>
  (await world.line(['key', 'ls', '--json']))
    .split('\n')
    .flatMap(line => (line === '' ? [] : [JSON.parse(line) as Key]))

t.test('keys are made, taken in and out, and never shown by accident', async t => {
  const world = await makeWorld(t)
  const name = await world.line(['key', 'new', 'site'])
  t.match(name, /^k51/)
  t.equal((await world.run(['key', 'new', 'site'])).status, 1, 'twice')
  t.equal((await world.run(['key', 'new', 'No Alias'])).status, 1)
  const pem = join(world.folder, 'site.pem')
  t.equal((await world.run(['key', 'export', 'site', '-o', pem])).status, 0)
  t.equal((await stat(pem)).mode & 0o777, 0o600)
  t.equal((await world.run(['key', 'export', 'site', '-o', pem])).status, 1, 'no file is replaced')
  t.equal((await world.run(['key', 'export', 'site', '-o', '-', '--format', 'der'])).status, 2)
  t.equal((await world.run(['key', 'export', 'none', '-o', '-'])).status, 1)
  const { stdout } = await run('openssl', ['pkey', '-in', pem, '-noout', '-text'])
  t.match(stdout, /ED25519/)
  const database = await readFile(join(world.home, 'cairn.db'))
  const seed = Buffer.from(
    (/priv:\s+([0-9a-f:\s]+?)\s*pub:/.exec(stdout)?.[1] ?? '').replace(/[:\s]/g, ''),
    'hex'
  )
  t.equal(seed.byteLength, 32)
  t.notOk(database.includes(seed), 'sealed at rest')
  t.equal(await world.line(['key', 'rm', 'site']), `removed site ${name}`)
  t.equal(await world.line(['key', 'import', 'again', pem]), name)
  const phrase = join(world.folder, 'phrase')
  await writeFile(phrase, 'correct horse\n', { mode: 0o600 })
  const environment = { CAIRN_PASSPHRASE_FILE: phrase }
  const refused = await world.run(['key', 'export', 'again', '-o', '-'], { environment })
  t.match(refused, { status: 1, stdout: '', stderr: /key.secret/ })
  t.equal((await world.run(['key', 'new', 'other'], { environment })).status, 0)
  t.match(await world.run(['key', 'export', 'other', '-o', '-']), {
    status: 1,
    stderr: /passphrase/
  })
  t.equal(await world.line(['key', 'reseal'], { environment }), 'resealed 1 of 2 keys')
  t.equal((await world.run(['key', 'export', 'again', '-o', '-'], { environment })).status, 0)
})

t.test(
  'an own name is written to in the mount and by WebDAV, and published when it is sealed',
  async t => {
    if (!requireFuse(t)) return
    const world = await makeWorld(t)
    const mount = join(world.folder, 'm')
    const { url } = await world.start(['--mount', mount])
    await mkdir(join(mount, 'mfs/site/deep'), { recursive: true })
    await writeFile(join(mount, 'mfs/site/page'), 'one')
    t.equal((await world.run(['publish', '/mfs/none'])).status, 1, 'nothing is there')
    t.equal((await world.run(['publish', '/mfs/site', '--key', 'none'])).status, 1, 'no such key')
    await world.line(['key', 'new', 'site'])
    const name = await world.line(['publish', '/mfs/site', '--key', 'site'])
    const [first] = await keysOf(world)
    t.match(first, { name, alias: 'site', publishes: '/mfs/site' })

    t.strictSame((await readdir(join(mount, 'ipns'))).toSorted(), [name, 'site'].toSorted())
    t.equal(await readlink(join(mount, 'ipns/site')), '../mfs/site')
    await writeFile(join(mount, `ipns/${name}/page`), 'two')
    t.equal(await readFile(join(mount, 'mfs/site/page'), 'utf8'), 'two')
    const put = await fetch(`${url}dav/ipns/site/deep/put`, { method: 'PUT', body: 'by dav' })
    t.equal(put.status, 201)
    t.equal(await readFile(join(mount, 'ipns/site/deep/put'), 'utf8'), 'by dav')
    const found = await (
      await fetch(`${url}dav/ipns/site/`, { method: 'PROPFIND', headers: { depth: '1' } })
    ).text()
    t.match(found, '<D:href>/dav/ipns/site/deep/</D:href>')
    t.notMatch(found, '/dav/mfs/')
    const listed = await (
      await fetch(`${url}dav/ipns/`, { method: 'PROPFIND', headers: { depth: '1' } })
    ).text()
    t.match(listed, name)
    const moved = (from: string, destination: string) =>
      fetch(`${url}${from}`, { method: 'MOVE', headers: { destination } })
    t.equal((await moved('dav/ipns/site/deep/put', '/dav/ipns/site/kept')).status, 201)
    t.equal((await moved('dav/ipns/site/kept', '/dav/mfs/out')).status, 403, 'not out of the name')
    t.equal((await fetch(`${url}dav/ipns/none/x`, { method: 'PUT', body: '' })).status >= 400, true)
    t.equal((await fetch(`${url}dav/ipns/site/../../mfs/x`)).status, 404)
    t.match(await world.line(['cat', '/ipns/site/kept']), 'by dav')

    const cid = await world.line(['snapshot'])
    const sealed = await world.line(['stat', '--json', `/ipfs/${cid}/site`])
    const published = async () => (await keysOf(world))[0]
    await until(async () => sealed.includes((await published())?.cid ?? '?'))
    const before = Number((await published())?.sequence)
    await writeFile(join(mount, 'ipns/site/page'), 'three')
    await until(async () => Number((await published())?.sequence) > before)
    const next = await world.line(['key', 'rotate', 'site'])
    await until(async () => (await readdir(join(mount, 'ipns'))).includes(next))
    t.notOk((await readdir(join(mount, 'ipns'))).includes(name), 'the old name publishes nothing')
  }
)

const absent = 'k51qzi5uqu5dl8kevgwhyor5bgzvz2uu397k5s6tcywfx6lqkkgfgyeiqppv12'

t.test('a followed name that moves is seen in the mount by who has read it before', async t => {
  if (!requireFuse(t)) return
  const [publisher, follower] = [await makeWorld(t), await makeWorld(t)]
  const { url } = await publisher.start()
  const publish = async (text: string) => {
    await writeFile(join(publisher.folder, 'page'), text)
    const cid = await publisher.line(['add', 'page', '--json'])
    return JSON.parse(await publisher.line(['publish', JSON.parse(cid).cid, '--json'])).name
  }
  const name: string = await publish('one')
  const quiet = 'peers: { listen: none, libp2p: none }'
  const config = `network: lan\nnames: { gateways: ['${url}'] }\n${quiet}\n`
  await mkdir(follower.home)
  await writeFile(join(follower.home, 'config.yaml'), config)
  const mount = join(follower.folder, 'm')
  const { url: own } = await follower.start(['--mount', mount])
  const page = join(mount, 'ipns', name)
  t.equal(await readFile(page, 'utf8'), 'one', 'looked into without following it')
  for (const door of ['ipns', 'dav/ipns']) {
    t.equal(await (await fetch(`${own}${door}/${name}`)).text(), 'one', door)
    t.equal((await fetch(`${own}${door}/${absent}`)).status, 404, `${door}: nobody has it`)
  }
  await t.rejects(readFile(join(mount, 'ipns', absent)), { code: 'ENOENT' })
  t.strictSame(await readdir(join(mount, 'ipns')), [], 'it is not listed')
  await follower.line(['follow', name])
  t.equal(await readFile(page, 'utf8'), 'one')
  for (const text of ['two', 'three']) {
    await publish(text)
    await follower.line(['follow', name])
    t.equal(await readFile(page, 'utf8'), text)
  }
})
