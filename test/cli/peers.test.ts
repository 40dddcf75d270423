import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld, program, until, type World } from './run-cairn.ts'

/** A hook for the runtime that writes down what is loaded of libp2p. */
async function watchLoads(
  world: World
): Promise<{ options: string; loaded: () => Promise<string> }> {
  const hook = join(world.folder, 'watch.mjs')
  const list = join(world.folder, 'loaded')
  await writeFile(
    hook,
    `import { appendFileSync } from 'node:fs'
    import { registerHooks } from 'node:module'
    registerHooks({ load: (url, context, next) => {
      if (/libp2p|multicast-dns/.test(url)) appendFileSync(${JSON.stringify(list)}, url + '\\n')
      return next(url, context)
    } })\n`
  )
  const loaded = () => readFile(list, 'utf8').catch(() => '')
  return { options: `--import=${hook}`, loaded }
}

/** Runs a daemon on a home with what it loads watched, until it is ready. */
async function loadsOf(world: World, network: string): Promise<string> {
  const { options, loaded } = await watchLoads(world)
  const environment = { ...process.env, NODE_OPTIONS: options, CAIRN_HOME: world.home }
  const args = ['start', '--mount', 'none', '--listen', '127.0.0.1:0', '--network', network]
  const child = spawn(program, args, {
    cwd: world.folder,
    env: { ...environment, CAIRN_PEERS_LISTEN: '127.0.0.1:0', CAIRN_PEERS_LIBP2P: '127.0.0.1:0' },
    stdio: 'ignore'
  })
  const ended = new Promise(resolve => child.once('exit', resolve))
  await until(async () => (await world.run(['status'])).status === 0)
  const peers = await world.run(['peers'])
  child.kill('SIGTERM')
  await ended
  if (peers.status !== 0) throw new Error(peers.stderr)
  return await loaded()
}

t.test('with the network off not a module of libp2p is loaded', async t => {
  t.equal(await loadsOf(await makeWorld(t), 'off'), '')
  t.match(await loadsOf(await makeWorld(t), 'lan'), /node_modules\/libp2p\//, 'with lan it is')
})

t.test('peers are added, listed, banned and forgotten', async t => {
  const world = await makeWorld(t)
  t.equal(await world.line(['peer', 'add', '192.168.1.7']), 'added 192.168.1.7:7071')
  t.match(await world.run(['peer', 'add', '192.168.1.7']), { status: 1, stderr: /already/ })
  t.match(await world.run(['peer', 'add', 'not a peer']), { status: 1, stderr: /192\.168/ })
  t.equal(await world.line(['peer', 'ban', '192.168.1.7']), 'banned 192.168.1.7:7071')
  t.match(
    await world.line(['peer', 'ls']),
    /^192\.168\.1\.7:7071 {2}banned \(operator\) until removed/
  )
  t.equal(await world.line(['peer', 'rm', '192.168.1.7']), 'removed 192.168.1.7:7071')
  t.equal((await world.run(['peer', 'rm', '192.168.1.7'])).status, 1)
  t.match(await world.run(['peers']), { status: 1, stderr: /no daemon/ })
  const id = `12D3Koo${randomBytes(20).toString('hex')}`
  t.equal(await world.line(['peer', 'ban', id]), `banned ${id}`)
})

t.test("bans show in the dashboard's API as soon as they are set, and go as they end", async t => {
  const world = await makeWorld(t)
  await mkdir(world.home)
  const config = 'network: lan\npeers: { listen: none, libp2p: none }\n'
  await writeFile(join(world.home, 'config.yaml'), config)
  const { url } = await world.start()
  const peersOf = async () => await (await fetch(`${url}api/v1/peers`)).json()
  t.strictSame(await peersOf(), [])
  const id = '127.0.0.1:9'
  const nobody = { id, kind: 'http', from: 'static', bytes: 0 }
  await world.line(['peer', 'add', id])
  t.match(await peersOf(), [nobody])
  await world.line(['peer', 'ban', id])
  t.match(await peersOf(), [{ ...nobody, banned: { why: 'operator' } }])
  await world.line(['peer', 'rm', id])
  t.strictSame(await peersOf(), [])
  await world.line(['peer', 'add', id])
  t.match(await peersOf(), [nobody], 'who is added again is not banned')
  const refused = await fetch(`${url}api/v1/peers`, { method: 'POST', body: '[]' })
  t.equal(refused.status, 400, 'on the port it is read; bans are set by who owns the home')
})
