import { randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import t from 'tap'
import { homePaths } from '../../src/base/home.ts'
import { limits } from '../../src/base/limits.ts'
import { until } from '../lib/pull-world.ts'
import {
  codeOf,
  digest256,
  manifestOver,
  openRegistryWorld,
  pushBlob,
  pushManifest,
  type RegistryWorld,
  setUpRegistry
} from '../lib/registry-world.ts'

async function begin({ ask }: RegistryWorld, name: string): Promise<string> {
  const answer = await ask(`/v2/${name}/blobs/uploads/`, { method: 'POST' })
  return answer.headers.get('location') ?? ''
}

const chunk = (bytes: string, range?: string) => ({
  method: 'PATCH',
  body: bytes,
  headers: range === undefined ? {} : { 'content-range': range }
})

t.test('the base says that this is a registry', async t => {
  const { ask } = await setUpRegistry(t)
  for (const path of ['/v2/', '/v2']) {
    const answer = await ask(path)
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('docker-distribution-api-version'), 'registry/2.0')
  }
})

t.test('what is not there, or cannot be, is said in the words of the specification', async t => {
  const world = await setUpRegistry(t)
  const { bytes, digest } = await pushBlob(world, 'a', 'x')
  const other = digest256('other')
  const table: Array<[string, RequestInit, string]> = [
    ['/v2/a/manifests/none', {}, '404 MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/.INVALID', {}, '404 MANIFEST_UNKNOWN'],
    [`/v2/a/manifests/${other}`, {}, '404 MANIFEST_UNKNOWN'],
    ['/v2/a/manifests/sha256:1', {}, '400 DIGEST_INVALID'],
    [`/v2/a/blobs/${other}`, {}, '404 BLOB_UNKNOWN'],
    [`/v2/b/blobs/${digest}`, {}, '404 BLOB_UNKNOWN'],
    ['/v2/a/blobs/x', {}, '400 DIGEST_INVALID'],
    ['/v2/b/tags/list', {}, '404 NAME_UNKNOWN'],
    ['/v2/a/tags/list?n=x', {}, '400 UNSUPPORTED'],
    ['/v2/A/tags/list', {}, '400 NAME_INVALID'],
    ['/v2/a%2f..%2fb/tags/list', {}, '400 NAME_INVALID'],
    ['/v2/a/manifests/%ff', {}, '400 NAME_INVALID'],
    ['/v2/nothing', {}, '404 NAME_UNKNOWN'],
    ['/v2/a/blobs/uploads/x', {}, '404 BLOB_UPLOAD_UNKNOWN'],
    ['/v2/a/blobs/uploads/x', { method: 'DELETE' }, '404 BLOB_UPLOAD_UNKNOWN'],
    ['/v2/a/blobs/uploads/..%2fx', { method: 'PATCH', body: 'x' }, '404 BLOB_UPLOAD_UNKNOWN'],
    ['/v2/a/manifests/none', { method: 'DELETE' }, '404 MANIFEST_UNKNOWN'],
    [`/v2/a/blobs/${other}`, { method: 'DELETE' }, '404 BLOB_UNKNOWN'],
    ['/v2/a/manifests/.x', { method: 'PUT', body: '{}' }, '400 MANIFEST_INVALID'],
    ['/v2/a/manifests/x', { method: 'POST' }, '405 UNSUPPORTED'],
    ['/v2/_catalog', { method: 'DELETE' }, '405 UNSUPPORTED'],
    [`/v2/a/referrers/x`, {}, '400 DIGEST_INVALID'],
    ['/v2/a/tags/list?ns=nowhere.test', {}, '404 NAME_UNKNOWN']
  ]
  for (const [path, init, code] of table) {
    t.equal(await codeOf(await world.ask(path, init)), code, `${init.method ?? 'GET'} ${path}`)
  }
  const head = await world.ask('/v2/a/manifests/none', { method: 'HEAD' })
  t.equal(head.status, 404)
  t.equal(bytes.length, 1)
})

t.test('a blob in one request, and what is told of it', async t => {
  const world = await setUpRegistry(t)
  const { digest, bytes } = await pushBlob(world, 'library/a', randomBytes(3_000_000))
  const path = `/v2/library/a/blobs/${digest}`
  const head = await world.ask(path, { method: 'HEAD' })
  t.equal(head.headers.get('content-length'), '3000000')
  t.equal(head.headers.get('docker-content-digest'), digest)
  t.ok(Buffer.from(await (await world.ask(path)).arrayBuffer()).equals(bytes))
  const part = await world.ask(path, { headers: { range: 'bytes=1000000-2999998' } })
  t.equal(part.status, 206)
  t.equal(part.headers.get('content-range'), 'bytes 1000000-2999998/3000000')
  t.ok(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(1_000_000, 2_999_999)))
  const beyond = await world.ask(path, { headers: { range: 'bytes=3000000-' } })
  t.equal(beyond.status, 416)
  const empty = await pushBlob(world, 'library/a', '')
  t.equal((await world.ask(`/v2/library/a/blobs/${empty.digest}`)).status, 200)
})

t.test('bytes that are not what their digest says are not taken', async t => {
  const world = await setUpRegistry(t)
  const wrong = digest256('other')
  const post = await world.ask(`/v2/a/blobs/uploads/?digest=${wrong}`, {
    method: 'POST',
    body: 'x'
  })
  t.equal(await codeOf(post), '400 DIGEST_INVALID')
  const place = await begin(world, 'a')
  const put = await world.ask(`${place}?digest=${wrong}`, { method: 'PUT', body: 'x' })
  t.equal(await codeOf(put), '400 DIGEST_INVALID')
  t.equal(await codeOf(await world.ask(place)), '404 BLOB_UPLOAD_UNKNOWN', 'it is over')
  t.equal((await world.ask(`/v2/a/blobs/${wrong}`)).status, 404)
  t.strictSame(readdirSync(homePaths(world.home).uploads), [], 'and nothing is left of it')
  for (const digest of ['', 'x', `sha1:${'a'.repeat(40)}`]) {
    const answer = await world.ask(`${await begin(world, 'a')}?digest=${digest}`, { method: 'PUT' })
    t.equal(answer.status, 400, digest)
  }
})

t.test('a blob in chunks, out of order ones refused, its state told', async t => {
  const world = await setUpRegistry(t)
  const place = await begin(world, 'a')
  t.match(place, /^\/v2\/a\/blobs\/uploads\/[\w-]+$/)
  const early = await world.ask(place, chunk('world', '6-10'))
  t.equal(early.status, 416)
  t.equal(early.headers.get('range'), '0-0', 'it says where to go on')
  const first = await world.ask(place, chunk('hello ', '0-5'))
  t.equal(first.status, 202)
  t.equal(first.headers.get('range'), '0-5')
  t.equal(first.headers.get('location'), place)
  for (const range of ['0-5', '5-9', '7-11']) {
    t.equal(
      (await world.ask(place, chunk('xxxxx', range.replace('0-5', '0-4')))).status,
      416,
      range
    )
  }
  const shorter = await world.ask(place, chunk('world', '6-8'))
  t.equal(await codeOf(shorter), '400 SIZE_INVALID', 'not as long as its range')
  const state = await world.ask(place)
  t.equal(state.status, 204)
  t.equal(state.headers.get('range'), '0-5', 'nothing of them was kept')
  t.equal((await world.ask(place, chunk('wor'))).headers.get('range'), '0-8', 'streamed, no range')
  const digest = digest256('hello world')
  const headers = { 'content-range': '9-10' }
  const end = await world.ask(`${place}?digest=${encodeURIComponent(digest)}`, {
    method: 'PUT',
    headers,
    body: 'ld'
  })
  t.equal(end.status, 201)
  t.equal(end.headers.get('location'), `/v2/a/blobs/${digest}`)
  t.equal(await (await world.ask(`/v2/a/blobs/${digest}`)).text(), 'hello world')
})

t.test('an upload belongs to its repository, and can be cancelled', async t => {
  const world = await setUpRegistry(t)
  const place = await begin(world, 'a')
  await world.ask(place, chunk('x'))
  const elsewhere = place.replace('/a/', '/b/')
  t.equal(await codeOf(await world.ask(elsewhere, chunk('y'))), '404 BLOB_UPLOAD_UNKNOWN')
  t.equal((await world.ask(place, { method: 'DELETE' })).status, 204)
  t.equal(await codeOf(await world.ask(place)), '404 BLOB_UPLOAD_UNKNOWN')
  t.strictSame(readdirSync(homePaths(world.home).uploads), [])
})

t.test('a client that breaks off goes on where it was', async t => {
  const world = await setUpRegistry(t)
  const place = await begin(world, 'a')
  const socket = connect(world.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const host = `host: 127.0.0.1:${world.port}`
  const head = 'content-range: 0-99999\r\ncontent-length: 100000\r\n\r\n'
  socket.write(`PATCH ${place} HTTP/1.1\r\n${host}\r\n${head}${'x'.repeat(40_000)}`)
  const arrived = async () => Number((await world.ask(place)).headers.get('range')?.slice(2)) + 1
  while ((await arrived()) < 40_000);
  socket.destroy()
  const rest = await world.ask(place, chunk('y'.repeat(60_000), '40000-99999'))
  t.equal(rest.status, 202)
  const digest = digest256('x'.repeat(40_000) + 'y'.repeat(60_000))
  t.equal((await world.ask(`${place}?digest=${digest}`, { method: 'PUT' })).status, 201)
})

t.test('a push in one request that breaks off leaves nothing: nobody knows its upload', async t => {
  const world = await setUpRegistry(t)
  const socket = connect(world.port, '127.0.0.1')
  const head = 'host: 127.0.0.1\r\ncontent-length: 1000000\r\n\r\n'
  socket.write(`POST /v2/a/blobs/uploads/?digest=${digest256('x')} HTTP/1.1\r\n${head}`)
  socket.write(Buffer.alloc(500_000))
  const folder = homePaths(world.home).uploads
  const files = () => readdirSync(folder).length
  await until(() => files() === 1)
  socket.destroy()
  await until(() => files() === 0)
  t.equal(files(), 0)
})

t.test('two requests for one upload are taken one after the other', async t => {
  const world = await setUpRegistry(t)
  const place = await begin(world, 'a')
  const answers = await Promise.all([
    world.ask(place, chunk('aaaa', '0-3')),
    world.ask(place, chunk('bbbb', '0-3'))
  ])
  t.strictSame(answers.map(each => each.status).sort(), [202, 416])
})

t.test('an upload nobody goes on with is dropped after a week', async t => {
  const world = await setUpRegistry(t)
  const place = await begin(world, 'a')
  world.clock.advance(limits.uploadIdleMs + 1)
  await begin(world, 'a')
  t.equal((await world.ask(place)).status, 404)
  t.equal(readdirSync(homePaths(world.home).uploads).length, 1, 'the new one only')
})

t.test('a blob is mounted from where it is, and only from there', async t => {
  const world = await setUpRegistry(t)
  const { digest } = await pushBlob(world, 'a', 'shared')
  const mount = (query: string) => world.ask(`/v2/b/blobs/uploads/?${query}`, { method: 'POST' })
  const missing = await mount(`mount=${digest}&from=c`)
  t.equal(missing.status, 202, 'an upload begins instead')
  t.match(missing.headers.get('location'), /uploads/)
  t.equal((await world.ask(`/v2/b/blobs/${digest}`)).status, 404)
  const done = await mount(`mount=${digest}&from=a`)
  t.equal(done.status, 201)
  t.equal(done.headers.get('location'), `/v2/b/blobs/${digest}`)
  t.equal(await (await world.ask(`/v2/b/blobs/${digest}`)).text(), 'shared')
  const from = await world.ask(`/v2/d/blobs/uploads/?mount=${digest}`, { method: 'POST' })
  t.equal(from.status, 201, 'of any repository, where none is named')
})

t.test('what was pushed is there after a restart, an upload goes on', async t => {
  const world = await openRegistryWorld()
  const { home } = world
  const config = await pushBlob(world, 'a', '{}')
  await pushManifest(world, 'a/manifests/v1', manifestOver(config, []))
  const place = await begin(world, 'a')
  await world.ask(place, chunk('hello '))
  await world.close()
  const again = await openRegistryWorld({ home })
  t.teardown(again.remove)
  t.equal((await again.ask('/v2/a/manifests/v1')).status, 200)
  t.equal((await again.ask(place)).headers.get('range'), '0-5')
  const digest = digest256('hello world')
  const end = await again.ask(`${place}?digest=${digest}`, { method: 'PUT', body: 'world' })
  t.equal(end.status, 201)
  t.equal(await (await again.ask(`/v2/a/blobs/${digest}`)).text(), 'hello world')
})

t.test('the same bytes pushed twice are stored once', async t => {
  const world = await setUpRegistry(t)
  const bytes = randomBytes(2_000_000)
  await pushBlob(world, 'a', bytes)
  const before = world.store.statistics().bytes
  await pushBlob(world, 'b', bytes)
  t.equal(world.store.statistics().bytes, before)
})
