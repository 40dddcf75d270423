import { randomBytes } from 'node:crypto'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { openFakeOrigin } from '../lib/fake-origin.ts'
import { makeWorld, type World } from './run-cairn.ts'

interface Report {
  readonly removedBlocks: number
  readonly removedSegments: number
  readonly neededBytes: number
}

async function gc(world: World, ...args: string[]): Promise<Report> {
  return JSON.parse(await world.line(['gc', '--json', ...args]))
}

async function segmentsBytes(world: World): Promise<number> {
  const folder = join(world.home, 'segments')
  const names = (await readdir(folder)).filter(name => name.endsWith('.car'))
  const sizes = await Promise.all(names.map(async name => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

t.test('what was unpinned goes, what is pinned stays', async t => {
  const world = await makeWorld(t)
  const path = join(world.folder, 'large')
  await writeFile(path, randomBytes(20_000_000))
  const cid = await world.line(['add', path])
  const small = await world.line(['add', '-'], { input: 'small' })
  t.match(await gc(world), { removedBlocks: 0 })
  await world.line(['pin', 'rm', cid])
  t.ok((await gc(world, '--dry-run')).removedBlocks > 19)
  t.ok((await segmentsBytes(world)) > 20_000_000)
  t.ok((await gc(world)).removedSegments > 0)
  t.ok((await segmentsBytes(world)) < 100_000, 'its space is free')
  t.equal((await world.run(['cat', small])).stdout, 'small')
  t.equal((await world.run(['cat', cid])).status, 1, 'it is not here')
  t.equal(await world.line(['add', path]), cid, 'and can come again')
  t.match((await world.run(['gc'])).stdout, /^removed 0 blocks/)
  t.equal((await world.run(['fsck'])).status, 0)
})

t.test('beside a daemon that fetches packages: all it holds stays', async t => {
  const world = await makeWorld(t)
  const origin = await openFakeOrigin()
  t.teardown(() => origin.close())
  await mkdir(world.home)
  const config = `apt:\n  upstreams:\n    debian: ${origin.url}debian/\n`
  await writeFile(join(world.home, 'config.yaml'), config)
  const daemon = await world.start(['--mount', 'none'])
  const packages = Array.from({ length: 15 }, (_, number) => ({
    path: `pool/p/p_${number}_all.deb`,
    body: randomBytes(50_000 + number)
  }))
  for (const { path, body } of packages) origin.items.set(`debian/${path}`, { body })
  const fetched = async ({ path }: { path: string }) =>
    Buffer.from(await (await fetch(`${daemon.url}apt/debian/${path}`)).arrayBuffer())
  const garbage = await world.line(['add', '-'], { input: randomBytes(3_000_000) })
  await world.line(['pin', 'rm', garbage])
  let fetching = true
  const collecting = (async () => {
    let count = 0
    for (; fetching || count === 0; count++) t.equal((await gc(world)).neededBytes, 0)
    return count
  })()
  for (const one of packages) t.ok((await fetched(one)).equals(one.body), one.path)
  fetching = false
  t.comment(`${await collecting} collections`)
  await origin.close()
  for (const one of packages) t.ok((await fetched(one)).equals(one.body), 'from the store')
  t.equal((await world.run(['cat', garbage])).status, 1, 'garbage of before went')
  t.equal((await world.run(['fsck'])).status, 0)
})

t.test('beside a drive that is written to and sealed: every file and snapshot stays', async t => {
  const world = await makeWorld(t)
  const daemon = await world.start(['--mount', 'none'])
  const files = new Map<string, Buffer>()
  const call = async (method: string, name: string, rest: RequestInit = {}) => {
    const { ok, status } = await fetch(`${daemon.url}dav/mfs/${name}`, { method, ...rest })
    t.ok(ok, `${method} ${name}: ${status}`)
  }
  const put = async (name: string) => {
    const bytes = randomBytes(1 + ((files.size * 7919) % 300_000))
    await call('PUT', name, { body: bytes })
    files.set(name, bytes)
  }
  const read = async (name: string) =>
    Buffer.from(await (await fetch(`${daemon.url}dav/mfs/${name}`)).arrayBuffer())
  const snapshots: Array<{ cid: string; files: Map<string, Buffer> }> = []
  for (let round = 0; round < 6; round++) {
    const collecting = gc(world)
    for (let number = 0; number < 6; number++) await put(`file-${(round * 5 + number) % 9}`)
    const cid = await world.line(['snapshot'])
    snapshots.push({ cid, files: new Map(files) })
    const [first = '', second = ''] = files.keys()
    await call('COPY', first, { headers: { Destination: `${daemon.url}dav/mfs/copy-${round}` } })
    files.set(`copy-${round}`, files.get(first) ?? Buffer.alloc(0))
    await call('DELETE', second)
    files.delete(second)
    await collecting
    for (const [name, bytes] of files) t.ok((await read(name)).equals(bytes), name)
  }
  await gc(world)
  for (const [name, bytes] of files) t.ok((await read(name)).equals(bytes), name)
  for (const { cid, files: then } of snapshots) {
    const [name = '', bytes] = [...then].at(-1) ?? []
    const got = await fetch(`${daemon.url}dav/ipfs/${cid}/${name}`)
    t.ok(bytes?.equals(Buffer.from(await got.arrayBuffer())), `${name} of ${cid}`)
    t.equal((await world.run(['pin', 'add', cid])).status, 0, 'the snapshot is whole')
  }
  t.equal((await world.run(['fsck'])).status, 0)
})
