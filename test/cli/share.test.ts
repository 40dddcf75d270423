import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { seededBytes } from '../lib/deterministic.ts'
import { makeWorld, type World } from './run-cairn.ts'

interface Answer {
  readonly status: number
  readonly text: string
  readonly continued: boolean
}

/** A world whose daemon is shared by a certificate of its own. */
async function shared(t: Test) {
  const world = await makeWorld(t)
  const secret = await world.line(['user', 'add', 'ann'])
  await configure(world, 'tls:\n  certificate: self-signed\n')
  const { log, url } = await world.start(['--mount', 'none', '--share', '127.0.0.1:0'])
  const { share } = JSON.parse(await world.line(['status', '--json']))
  const ca = await readFile(join(world.home, 'tls', 'certificate.pem'))
  const port = Number(/\d+$/.exec(share.listen)?.[0])
  const ask = async (auth: string | undefined, options: RequestOptions, body?: string) => {
    const sent = request({ ca, port, host: 'localhost', agent: false, ...asUser(auth), ...options })
    let continued = false
    const expects = options.headers !== undefined && 'expect' in options.headers
    sent.on('continue', () => {
      continued = true
      sent.end(body)
    })
    if (expects) sent.flushHeaders()
    else sent.end(body)
    const [response] = await once(sent, 'response')
    const text = Buffer.concat(await response.toArray()).toString()
    return { status: response.statusCode, text, continued } as Answer
  }
  return { world, secret, share, ask, log, url }
}

const asUser = (auth: string | undefined) => (auth === undefined ? {} : { auth })

async function configure({ home }: World, text: string): Promise<void> {
  await writeFile(join(home, 'config.yaml'), text)
}

t.test('without a user, or a certificate, nothing is shared', async t => {
  const world = await makeWorld(t)
  const start = ['start', '--mount', 'none', '--listen', '127.0.0.1:0', '--share', '127.0.0.1:0']
  const lonely = await world.run(start)
  t.match(lonely, { status: 2, stderr: 'no user who could use it' })
  await world.line(['user', 'add', 'ann'])
  t.match(await world.run(start), { status: 2, stderr: 'by TLS only' })
  await configure(world, 'tls:\n  certificate: none.pem\n  key: none.pem\n')
  t.match(await world.run(start), { status: 1, stderr: 'cannot read none.pem' })
  await configure(world, 'tls:\n  certificate: config.yaml\n  key: config.yaml\n')
  t.match(await world.run(start), { status: 1, stderr: 'no certificate with its key' })
  const open = await world.run(['start', '--mount', 'none', '--listen', '0.0.0.0:0'])
  t.match(open, { status: 2, stderr: 'listen on 127.0.0.1 or ::1' })
})

const serving = shared(t)

t.test('every door is shared by TLS and a password, and none without', async t => {
  const { ask, secret, share, world, log } = await serving
  t.match(share.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
  const ann = `ann:${secret}`
  const doors = ['/', '/dav/mfs/', '/metrics', '/api/v1/status', '/apt/x/y', '/npm/x', '/none']
  for (const path of doors) t.equal((await ask(undefined, { path })).status, 401, path)
  t.equal((await ask('ann:wrong', { path: '/' })).status, 401)
  t.equal((await ask(undefined, { path: '/healthz' })).text, 'ok\n')
  t.equal((await ask(ann, { path: '/dav/mfs/a', method: 'PUT' }, 'text')).status, 201)
  t.equal((await ask(ann, { path: '/dav/mfs/a' })).text, 'text')
  t.equal((await ask(ann, { path: '/' })).status, 200)
  t.equal((await ask(ann, { path: '/api/v1/status' })).status, 403, 'for an admin')
  t.equal((await ask(ann, { path: '/metrics' })).status, 403)
  t.match(log(), 'wrong')
  t.notMatch(log(), secret)
  const eve = `eve:${await world.line(['user', 'add', 'eve'])}`
  t.equal((await ask(eve, { path: '/dav/mfs/a' })).text, 'text', 'added while the daemon runs')
  await world.line(['user', 'rm', 'eve'])
  t.equal((await ask(eve, { path: '/dav/mfs/a' })).status, 401, 'removed while the daemon runs')
})

t.test('who waits for leave to send a body is refused before it', async t => {
  const { ask, secret } = await serving
  const put = {
    path: '/dav/mfs/none/a',
    method: 'PUT',
    headers: { expect: '100-continue', 'content-length': 4 }
  }
  t.match(await ask(undefined, put, 'text'), { status: 401, continued: false })
  t.match(await ask(`ann:${secret}`, put, 'text'), { status: 409, continued: false })
  const good = { ...put, path: '/dav/mfs/b' }
  t.match(await ask(`ann:${secret}`, good, 'text'), { status: 201, continued: true })
})

t.test('a long body arrives as it was sent, with its length or in chunks', async t => {
  const { ask, secret } = await serving
  const body = seededBytes(5_000_000, 'shared')
    .toString('latin1')
    .replace(/[^ -~]/g, 'x')
  for (const headers of [{ 'content-length': body.length }, { 'transfer-encoding': 'chunked' }]) {
    const put = { path: '/dav/mfs/long', method: 'PUT', headers }
    await ask(`ann:${secret}`, put, body)
    t.ok((await ask(`ann:${secret}`, { path: '/dav/mfs/long' })).text === body)
  }
})

t.test('users are added, listed and removed', async t => {
  const world = await makeWorld(t)
  const made = await world.line(['user', 'add', 'ann', '--read-only', '--root', '/mfs/a b'])
  t.match(made, /^[a-z2-9]{26}$/)
  const own = { input: 'correct horse battery\n' }
  t.equal(
    await world.line(['user', 'add', 'bob', '--password-stdin', '--scopes', 'admin'], own),
    ''
  )
  t.match(await world.run(['user', 'add', 'bob', '--password-stdin'], own), {
    status: 1,
    stderr: 'there is a user bob already'
  })
  t.match(await world.run(['user', 'add', 'eve', '--scopes', 'all']), {
    status: 2,
    stderr: 'is no scope'
  })
  t.match(await world.run(['user', 'add', 'eve', '--root', '/pkg']), { status: 2 })
  t.match(await world.run(['user', 'add', 'eve', '--password-stdin'], { input: 'short\n' }), {
    status: 1,
    stderr: 'a password of 5 characters'
  })
  const listed = (await world.line(['user', 'ls', '--json'])).split('\n').map(l => JSON.parse(l))
  t.match(listed, [
    { name: 'ann', scopes: ['read'], root: '/mfs/a b' },
    { name: 'bob', scopes: ['admin'], root: '/mfs' }
  ])
  t.match(await world.line(['user', 'ls']), /^ann {2}read {2}\/mfs\/a b {2}/)
  t.equal(await world.line(['user', 'rm', 'ann', 'bob']), 'removed ann\nremoved bob')
  t.match(await world.run(['user', 'rm', 'ann']), { status: 1, stderr: 'there is no user ann' })
})
