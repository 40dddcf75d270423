import { readdir, stat, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { makeWorld } from './run-cairn.ts'

t.test('a second daemon on a home is refused, and told which process has it', async t => {
  const world = await makeWorld(t)
  const { child } = await world.start()
  const { status, stderr } = await world.run(['start', '--mount', 'none'])
  t.equal(status, 1)
  t.match(stderr, `a daemon (process ${child.pid}) already runs on ${world.home}`)
  t.match(JSON.parse(await world.line(['status', '--json'])), { pid: child.pid }, 'the first lives')
})

t.test('a killed daemon leaves a lock and a socket that the next one takes over', async t => {
  const world = await makeWorld(t)
  const first = await world.start()
  first.child.kill('SIGKILL')
  t.equal(await first.ended, 'SIGKILL')
  t.ok(await stat(join(world.home, 'cairn.sock')), 'the socket is left')
  t.match((await world.run(['status'])).stderr, /no daemon runs/)
  const second = await world.start()
  t.match(JSON.parse(await world.line(['status', '--json'])), { pid: second.child.pid })
})

t.test('a port that is taken: the daemon does not start, and leaves nothing behind', async t => {
  const world = await makeWorld(t)
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  const args = ['start', '--mount', join(world.folder, 'm'), '--listen', `127.0.0.1:${port}`]
  const { status, stderr } = await world.run(args)
  t.equal(status, 1)
  t.match(stderr, `another program listens on 127.0.0.1:${port}`)
  t.equal(
    (await world.run(['start', '--listen', `127.0.0.1:${port}`, '--mount', 'none'])).status,
    1
  )
  t.ok(await world.start(), 'the home is free again')
})

t.test('a config file that is wrong keeps the daemon from starting', async t => {
  const world = await makeWorld(t)
  await world.line(['add', '-'], { input: 'makes the home' })
  await writeFile(join(world.home, 'config.yaml'), 'listen: 127.0.0.1\nlisten: 127.0.0.1:1\n')
  const { status, stderr } = await world.run(['start'])
  t.equal(status, 1)
  t.match(stderr, /config\.yaml:2:1: /)
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} ends the daemon in order, with status 0`, async t => {
    const world = await makeWorld(t)
    const { child, ended, log } = await world.start()
    child.kill(signal)
    t.equal(await ended, 0)
    t.match(log(), /"msg":"stopped"/)
    t.notOk((await readdir(world.home)).includes('cairn.sock'))
  })
}

t.test('stop returns when the process is gone', async t => {
  const world = await makeWorld(t)
  const { child, ended } = await world.start()
  t.match(await world.line(['stop']), /stopped/)
  t.throws(() => process.kill(child.pid ?? 0, 0), { code: 'ESRCH' })
  t.equal(await ended, 0)
})

t.test('the port answers health, metrics, status; it stops nobody', async t => {
  const world = await makeWorld(t)
  const { url } = await world.start()
  t.equal(await (await fetch(`${url}healthz`)).text(), 'ok\n')
  const front = await fetch(url, { headers: { accept: 'text/html,*/*;q=0.8' } })
  t.match(front.headers.get('content-security-policy'), "default-src 'none'")
  t.match(await front.text(), '<a href="/dav/mfs/">')
  t.match(await (await fetch(url)).text(), `${url}dav/mfs/`, 'a terminal is answered in lines')
  const fromPage = await fetch(`${url}metrics`, { headers: { 'sec-fetch-site': 'cross-site' } })
  t.equal(fromPage.status, 403, 'pages of other sites learn nothing')
  const metrics = await (await fetch(`${url}metrics`)).text()
  t.match(metrics, /^cairn_store_blocks 0$/m)
  t.match(metrics, /^process_resident_memory_bytes \d+$/m)
  t.match(metrics, /^cairn_http_answers_total\{door="health",status="200"\} 1$/m)
  t.match(await (await fetch(`${url}api/v1/status`)).json(), { home: world.home })
  t.equal((await fetch(`${url}api/v1/stop`, { method: 'POST' })).status, 403)
  t.equal((await fetch(`${url}api/v1/snapshot`, { method: 'POST' })).status, 403)
  t.equal((await fetch(`${url}no/such/page`)).status, 404)
  const foreign = { headers: { origin: 'http://page.example' } }
  t.equal((await fetch(`${url}api/v1/status`, foreign)).status, 403)
})

t.test('the socket is for its owner alone, the home too', async t => {
  const world = await makeWorld(t)
  await world.start()
  t.equal((await stat(join(world.home, 'cairn.sock'))).mode & 0o777, 0o600)
  t.equal((await stat(world.home)).mode & 0o777, 0o700)
})

t.test('content verbs, snapshot and log work without a daemon, and beside one', async t => {
  const world = await makeWorld(t)
  const alone = await world.line(['snapshot'])
  const cid = await world.line(['add', '-'], { input: 'beside' })
  await world.start()
  t.equal(await world.line(['snapshot']), alone, 'nothing changed')
  t.equal((await world.run(['cat', cid])).stdout, 'beside')
  t.equal(await world.line(['add', '-'], { input: 'beside' }), cid)
  t.match(JSON.parse(await world.line(['log', '--json'])), { cid: alone, sequence: 1 })
})

t.test('a home with a long path still has its socket', async t => {
  const world = await makeWorld(t)
  const home = join(world.folder, 'a'.repeat(100), 'b'.repeat(100))
  await world.start(['--mount', 'none', '--home', home])
  t.match(JSON.parse(await world.line(['status', '--json', '--home', home])), { home })
})

t.test('a daemon of before an update is asked by the commands of after it', async t => {
  const world = await makeWorld(t)
  const { ended } = await world.start()
  const told = JSON.parse(await world.line(['status', '--json']))
  await world.line(['stop'])
  await ended
  const { troubles: _, ...pull } = told.pull
  const older = createHttpServer((_request, response) => {
    response.end(JSON.stringify({ ...told, pull }))
  })
  t.teardown(() => older.close())
  await new Promise<void>(resolve => older.listen(join(world.home, 'cairn.sock'), resolve))
  t.match(await world.line(['status']), `process ${told.pid}`)
  const { stdout } = await world.run(['doctor', '--json'])
  t.match(stdout, '"check":"upstreams","verdict":"ok"')
})
