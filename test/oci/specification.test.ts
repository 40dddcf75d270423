import t from 'tap'
import {
  codeOf,
  digest256,
  manifestOver,
  pushBlob,
  pushManifest,
  type RegistryWorld,
  setUpRegistry
} from '../lib/registry-world.ts'

/** Corners of https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md */

async function begin({ ask }: RegistryWorld): Promise<string> {
  const answer = await ask('/v2/a/blobs/uploads/', { method: 'POST' })
  return answer.headers.get('location') ?? ''
}

t.test('a blob of nothing is a blob', async t => {
  const world = await setUpRegistry(t)
  const digest = digest256('')
  const put = await world.ask(`${await begin(world)}?digest=${digest}`, { method: 'PUT' })
  t.equal(put.status, 201)
  const got = await world.ask(`/v2/a/blobs/${digest}`)
  t.match([got.status, got.headers.get('content-length'), await got.text()], [200, '0', ''])
  const range = { headers: { range: 'bytes=0-0' } }
  t.equal((await world.ask(`/v2/a/blobs/${digest}`, range)).status, 416)
})

t.test('what cannot be mounted is uploaded, whatever the reason', async t => {
  const world = await setUpRegistry(t)
  const { digest } = await pushBlob(world, 'a', 'x')
  const table = [
    `mount=${digest256('other')}&from=a`,
    `mount=${digest}&from=b`,
    `mount=${digest}&from=../X`,
    `mount=${digest}&from=`,
    'mount=md5:d41d8cd98f00b204e9800998ecf8427e&from=a',
    'mount=sha256:1&from=a',
    'mount=&from=a'
  ]
  for (const query of table) {
    const answer = await world.ask(`/v2/c/blobs/uploads/?${query}`, { method: 'POST' })
    t.equal(answer.status, 202, query)
    const location = answer.headers.get('location') ?? ''
    const put = await world.ask(`${location}?digest=${digest256('y')}`, {
      method: 'PUT',
      body: 'y'
    })
    t.equal(put.status, 201, `${query}: its upload is one`)
  }
})

t.test('an upload ends by a digest only', async t => {
  const world = await setUpRegistry(t)
  const location = await begin(world)
  for (const query of [
    '',
    '?digest=',
    '?digest=x',
    '?digest=md5:d41d8cd98f00b204e9800998ecf8427e'
  ]) {
    const answer = await world.ask(location + query, { method: 'PUT', body: 'x' })
    t.equal(await codeOf(answer), '400 DIGEST_INVALID', query)
  }
  const end = await world.ask(`${location}?digest=${digest256('x')}`, { method: 'PUT', body: 'x' })
  t.equal(end.status, 201, 'and goes on after that')
  const again = await world.ask(`${location}?digest=${digest256('x')}`, { method: 'PUT' })
  t.equal(await codeOf(again), '404 BLOB_UPLOAD_UNKNOWN')
})

t.test('a range that cannot be read is answered by where the upload is', async t => {
  const world = await setUpRegistry(t)
  const location = await begin(world)
  const send = (range: string) =>
    world.ask(location, { method: 'PATCH', body: 'abcd', headers: { 'content-range': range } })
  t.equal((await send('0-3')).status, 202)
  for (const range of ['x', '0', '5-2', '-3', '4-', '4-7,9-10', `4-${'9'.repeat(20)}`, '0-3']) {
    const answer = await send(range)
    t.match([answer.status, answer.headers.get('range')], [416, '0-3'], range)
    t.equal(answer.headers.get('location'), location)
  }
  t.equal((await send('4-7')).status, 202)
})

t.test('as many tags as asked for, at most', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  for (const tag of ['b', 'A', 'a']) {
    const answer = await pushManifest(world, `a/manifests/${tag}`, manifestOver(config, []))
    t.equal(answer.status, 201)
  }
  const tags = async (query: string) => {
    const answer = await world.ask(`/v2/a/tags/list?${query}`)
    const { tags } = (await answer.json()) as { tags: string[] }
    return [tags.join(' '), answer.headers.get('link') !== null]
  }
  t.strictSame(await tags('n=0'), ['', false])
  t.strictSame(await tags('n=2'), ['A a', true], 'in the order of their bytes')
  t.strictSame(await tags('n=3'), ['A a b', false])
  t.strictSame(await tags('n=1000000000000'), ['A a b', false])
  t.strictSame(await tags('n=9&last=a'), ['b', false])
  t.strictSame(await tags('last=B'), ['a b', false], 'after one that is not there')
  t.strictSame(await tags('last=z'), ['', false])
})
