import { randomBytes } from 'node:crypto'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeWorld, until, type World } from './run-cairn.ts'

const swarmKey = `/key/swarm/psk/1.0.0/\n/base16/\n${randomBytes(32).toString('hex')}\n`

/** A home with a swarm key in it, that speaks libp2p on a free port of loopback and plain HTTP nowhere. */
async function makeMember(t: Test, key: string): Promise<World> {
  const world = await makeWorld(t)
  await mkdir(world.home)
  await writeFile(join(world.home, 'swarm.key'), key, { mode: 0o600 })
  const config = 'peers: { libp2p: "127.0.0.1:0", swarmKey: swarm.key }\n'
  await writeFile(join(world.home, 'config.yaml'), config)
  return world
}

const lan = ['--mount', 'none', '--network', 'lan']

t.test('a swarm key that cannot be taken keeps the daemon from starting', async t => {
  const world = await makeMember(t, swarmKey)
  const path = join(world.home, 'swarm.key')
  const start = () => world.run(['start', '--listen', '127.0.0.1:0', ...lan])
  await chmod(path, 0o644)
  t.match(await start(), { status: 1, stderr: /swarm\.key: others can read it: chmod 600/ })
  await chmod(path, 0o600)
  await writeFile(path, 'nothing')
  t.match(await start(), { status: 1, stderr: /swarm\.key: it is no swarm key/ })
  await writeFile(join(world.home, 'config.yaml'), 'peers: { swarmKey: none.key }\n')
  t.match(await start(), { status: 1, stderr: /none\.key/ })
})

t.test('who has the key is added by multiaddr and read from; who has not gets nothing', async t => {
  const holder = await makeMember(t, swarmKey)
  const page = randomBytes(3_000_000)
  await writeFile(join(holder.folder, 'page'), page)
  const cid = await holder.line(['add', 'page'])
  await holder.line(['publish', cid])
  const daemon = await holder.start(lan)
  t.notMatch(daemon.log(), '7071', 'nothing listens to plain HTTP')
  await until(async () => /"listen":\["\/ip4/.test(daemon.log()))
  const address = /"listen":\["([^"]+)"/.exec(daemon.log())?.[1] ?? ''
  t.match(address, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)

  const reader = async (key: string) => {
    const world = await makeMember(t, key)
    t.equal(await world.line(['peer', 'add', address]), `added ${address}`)
    const { url } = await world.start(lan)
    const read = await fetch(`${url}ipfs/${cid}`)
    const bytes = Buffer.from(await read.arrayBuffer())
    return { status: read.status, bytes, peers: await world.line(['peers']) }
  }
  const id = address.slice(address.lastIndexOf('/') + 1)
  const friend = await reader(swarmKey)
  t.equal(friend.status, 200)
  t.equal(Buffer.compare(friend.bytes, page), 0)
  t.match(friend.peers, new RegExp(`${id} {2}libp2p {2}static {2}answered`))
  const stranger = await reader(swarmKey.replace(/[0-9a-f]{64}/, 'ab'.repeat(32)))
  t.not(stranger.status, 200)
  t.match(stranger.peers, new RegExp(`${id} {2}libp2p {2}static {2}never answered`))
})
