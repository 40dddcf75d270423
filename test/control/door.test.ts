import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { localAccess } from '../../src/base/access.ts'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { ControlActions } from '../../src/control/api.ts'
import { openControlDoor } from '../../src/control/door.ts'

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Serves the door alone; `stopped` counts what must not happen by mistake. */
async function serve(t: Test, via: 'socket' | 'port') {
  const seen = { stopped: 0, snapshots: 0, limits: [] as number[] }
  const actions: ControlActions = {
    status: () => ({ pid: 1 }) as ReturnType<ControlActions['status']>,
    snapshot: async () => {
      seen.snapshots++
      throw new CairnError('no-space', 'the disk is full')
    },
    restore: (cid: string, path: string) => Promise.resolve({ cid: `${cid} ${path}` }),
    log: limit => {
      seen.limits.push(limit)
      return []
    },
    publish: async ({ key, cid = '' }) => ({
      name: 'k51',
      alias: key,
      cid,
      sequence: '0',
      endMs: 1
    }),
    resolve: async name => ({ path: `/ipfs/${name}`, known: false }),
    refresh: async name => ({ cid: name, moved: false, problem: undefined }),
    peers: () => [],
    trim: async () => ({ parts: 0, bytes: 0, refused: 0, cachedBytes: 0, indexBytes: 0 }),
    pin: async path => ({ cid: path, blocks: 0, bytes: 0 }),
    transfers: () => [],
    reload: async () => ({ upstreams: [] }),
    stop: () => {
      seen.stopped++
    }
  }
  const door = openControlDoor(actions, via)
  const server = createServer((asked, response) => {
    if (!door.accepts(asked)) response.writeHead(418).end('{}')
    else void door.serve(asked, response, new AbortController().signal, localAccess)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const ask = (method: string, path: string, headers = {}, body?: Buffer) =>
    new Promise<Answer>((resolve, reject) => {
      const asked = request({ port, method, path, headers, agent: false }, async answer => {
        const text = Buffer.concat(await answer.toArray()).toString()
        resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  return { seen, ask }
}

t.test('what a call refuses is JSON with a code, and does nothing', async t => {
  const { seen, ask } = await serve(t, 'socket')
  const cases = [
    ['GET', '/api/v1/', 404, 'not-found'],
    ['GET', '/api/v1/nothing', 404, 'not-found'],
    ['GET', '/api/v1/toString', 404, 'not-found'],
    ['GET', '/api/v1/status/below', 404, 'not-found'],
    ['GET', '/api/v1/stop', 400, 'usage'],
    ['POST', '/api/v1/status', 400, 'usage'],
    ['DELETE', '/api/v1/snapshot', 400, 'usage'],
    ['GET', '/api/v1/log?limit=0', 400, 'usage'],
    ['GET', '/api/v1/log?limit=-1', 400, 'usage'],
    ['GET', '/api/v1/log?limit=1e9', 400, 'usage'],
    ['POST', '/api/v1/snapshot', 507, 'no-space']
  ] as const
  for (const [method, path, status, code] of cases) {
    t.match(await ask(method, path), { status, body: { error: { code, message: String } } }, path)
  }
  t.same(seen, { stopped: 0, snapshots: 1, limits: [] })
  t.equal((await ask('GET', '/api/v2/status')).status, 418, 'not this door')
})

t.test('a body over the bound is refused', async t => {
  const { seen, ask } = await serve(t, 'socket')
  const body = Buffer.alloc(limits.controlBodyBytes + 1)
  t.match(await ask('POST', '/api/v1/stop', {}, body), { status: 413 })
  t.equal(seen.stopped, 0)
})

t.test('the socket answers every call', async t => {
  const { seen, ask } = await serve(t, 'socket')
  t.match(await ask('GET', '/api/v1/status'), { status: 200, body: { pid: 1 } })
  t.match(await ask('GET', '/api/v1/log'), { status: 200, body: [] })
  t.match(await ask('GET', '/api/v1/log?limit=7'), { status: 200, body: [] })
  t.match(await ask('POST', '/api/v1/stop'), { status: 200, body: { stopping: true } })
  t.same(seen, { stopped: 1, snapshots: 0, limits: [100, 7] })
})

t.test('the port answers what only reads', async t => {
  const { seen, ask } = await serve(t, 'port')
  t.equal((await ask('GET', '/api/v1/status')).status, 200)
  t.equal((await ask('POST', '/api/v1/stop')).status, 403)
  t.equal((await ask('POST', '/api/v1/snapshot')).status, 403)
  t.same(seen, { stopped: 0, snapshots: 0, limits: [] })
})

t.test('web pages are refused on the port, of this machine too', async t => {
  const { ask } = await serve(t, 'port')
  for (const origin of ['http://127.0.0.1:7070', 'http://page.example', 'null']) {
    t.equal((await ask('GET', '/api/v1/status', { origin })).status, 403, origin)
  }
})
