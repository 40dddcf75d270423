import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { digest256, openRegistryWorld, type RegistryWorld } from '../lib/registry-world.ts'

const body = randomBytes(1000)
const digest = digest256(body)
const path = `/v2/app/blobs/${digest}`
const basic = `Basic ${Buffer.from('me:secret').toString('base64')}`

interface Seen {
  readonly url: string
  readonly authorization: string | undefined
}

/** A server that answers by a function and remembers what it was asked, with what. */
async function serve(
  t: Test,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  host = '127.0.0.1'
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', authorization: request.headers.authorization })
    answer(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, host, resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://${host}:${(server.address() as AddressInfo).port}/`, seen }
}

/** A registry that wants the token its realm gives out; each token is good until the next one is. */
async function serveRegistry(
  t: Test,
  realm: (own: string) => string,
  life: object = { expires_in: 300 }
): Promise<{ url: string; seen: Seen[]; revoke: () => void }> {
  let issued = 0
  const registry = await serve(t, (request, response) => {
    if (request.url?.startsWith('/token') === true) {
      issued++
      response.end(JSON.stringify({ token: `t${issued}`, ...life }))
    } else if (request.headers.authorization === `Bearer t${issued}` && issued > 0) {
      response.end(body)
    } else {
      const scope = 'repository:app:pull'
      const challenge = `Bearer realm="${realm(registry.url)}",service="s",scope="${scope}"`
      response.writeHead(401, { 'www-authenticate': challenge }).end('{}')
    }
  })
  return { ...registry, revoke: () => void issued++ }
}

async function worldOver(
  t: Test,
  up: { url: string } & Record<string, unknown>
): Promise<RegistryWorld> {
  const world = await openRegistryWorld({ upstreams: { up } })
  t.teardown(world.remove)
  return world
}

const credentials = { username: 'me', password: 'secret' }

t.test('a token is had from the realm of the upstream, and used until its end', async t => {
  const registry = await serveRegistry(t, own => `${own}token`)
  const world = await worldOver(t, { url: registry.url })
  const head = () => world.ask(`/v2/up/app/blobs/${digest256(randomBytes(8))}`, { method: 'HEAD' })
  t.ok(
    Buffer.from(await (await world.ask(`/v2/up/app/blobs/${digest}`)).arrayBuffer()).equals(body)
  )
  t.strictSame(registry.seen, [
    { url: path, authorization: undefined },
    { url: '/token?service=s&scope=repository%3Aapp%3Apull', authorization: undefined },
    { url: path, authorization: 'Bearer t1' }
  ])
  await head()
  t.equal(registry.seen.at(-1)?.authorization, 'Bearer t1')
  t.equal(registry.seen.length, 4, 'at once')
  world.clock.advance(300_000)
  await head()
  t.equal(registry.seen.at(-1)?.authorization, 'Bearer t2')
  registry.revoke()
  t.equal((await head()).status, 200, 'one that is refused is renewed')
})

t.test('clients that are challenged together ask for one token', async t => {
  const registry = await serveRegistry(t, own => `${own}token`)
  const world = await worldOver(t, { url: registry.url })
  const heads = Array.from({ length: 20 }, (_, index) =>
    world.ask(`/v2/up/app/blobs/${digest256(String(index))}`, { method: 'HEAD' })
  )
  t.ok((await Promise.all(heads)).every(({ status }) => status === 200))
  t.equal(registry.seen.filter(({ url }) => url.startsWith('/token')).length, 1)
})

t.test('a password goes to the realm, the token to the registry', async t => {
  const registry = await serveRegistry(t, own => `${own}token`)
  const world = await worldOver(t, { url: registry.url, credentials })
  t.equal((await world.ask(`/v2/up/app/blobs/${digest}`)).status, 200)
  t.strictSame(
    registry.seen.map(each => each.authorization),
    [undefined, basic, 'Bearer t1']
  )
})

t.test('a registry may want the password itself', async t => {
  const registry = await serve(t, (request, response) => {
    if (request.headers.authorization === basic) response.end(body)
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
  })
  const known = await worldOver(t, { url: registry.url, credentials })
  t.equal((await known.ask(`/v2/up/app/blobs/${digest}`)).status, 200)
  const stranger = await worldOver(t, { url: registry.url })
  t.equal((await stranger.ask(`/v2/up/app/blobs/${digest}`)).status, 502)
})

t.test('a realm that is not the upstream’s is given nothing', async t => {
  const thief = await serve(t, (_request, response) => response.end('{"token":"x"}'), '127.0.0.2')
  for (const realm of [
    `${thief.url}token`,
    'file:///etc/passwd',
    'http://localhost:1/',
    'token',
    ''
  ]) {
    for (const more of [{}, { credentials }]) {
      const registry = await serveRegistry(t, () => realm)
      const world = await worldOver(t, { url: registry.url, ...more })
      t.equal((await world.ask(`/v2/up/app/blobs/${digest}`)).status, 502, realm)
    }
  }
  t.strictSame(thief.seen, [])
})

t.test('a realm elsewhere is used if it is configured', async t => {
  const realm = await serve(
    t,
    (_request, response) => response.end('{"access_token":"t0"}'),
    '127.0.0.2'
  )
  const registry = await serve(t, (request, response) => {
    if (request.headers.authorization === 'Bearer t0') response.end(body)
    else {
      const challenge = `Bearer realm="${realm.url}token"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
  })
  const world = await worldOver(t, { url: registry.url, credentials, realm: `${realm.url}token` })
  t.equal((await world.ask(`/v2/up/app/blobs/${digest}`)).status, 200)
  t.equal(realm.seen[0]?.authorization, basic)
})

t.test('a place that blobs are redirected to is given no token', async t => {
  const store = await serve(t, (_request, response) => response.end(body), '127.0.0.2')
  const registry = await serve(t, (request, response) => {
    if (request.url?.startsWith('/token') === true) return void response.end('{"token":"t"}')
    if (request.headers.authorization === 'Bearer t') {
      return void response.writeHead(307, { location: `${store.url}stored` }).end()
    }
    const challenge = `Bearer realm="${registry.url}token"`
    response.writeHead(401, { 'www-authenticate': challenge }).end()
  })
  const closed = await worldOver(t, { url: registry.url })
  t.equal((await closed.ask(`/v2/up/app/blobs/${digest}`)).status, 502, 'into a private network')
  t.strictSame(store.seen, [])
  const open = await worldOver(t, { url: registry.url, redirects: ['127.0.0.2'] })
  t.equal((await open.ask(`/v2/up/app/blobs/${digest}`)).status, 200)
  t.strictSame(store.seen, [{ url: '/stored', authorization: undefined }])
})

t.test('what a client sends of its own credentials goes no further', async t => {
  const registry = await serve(t, (_request, response) => response.end(body))
  const world = await worldOver(t, { url: registry.url })
  const headers = { authorization: 'Bearer own', cookie: 'a=b' }
  await world.ask(`/v2/up/app/blobs/${digest}`, { headers })
  t.strictSame(registry.seen, [{ url: path, authorization: undefined }])
})

t.test('an answer that holds no token is no token', async t => {
  const bad = ['', 'x', 'null', '[]', '{}', '{"token":1}', '{"token":"a\\nb"}', '{"token":""}']
  for (const text of [...bad, `{"token":"${'x'.repeat(2_000_000)}"}`]) {
    const registry = await serve(t, (request, response) => {
      if (request.url?.startsWith('/token') === true) return void response.end(text)
      const challenge = `Bearer realm="${registry.url}token"`
      response.writeHead(401, { 'www-authenticate': challenge }).end()
    })
    const world = await worldOver(t, { url: registry.url })
    t.equal((await world.ask(`/v2/up/app/blobs/${digest}`)).status, 502, text.slice(0, 20))
  }
})
