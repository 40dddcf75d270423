import { createHash } from 'node:crypto'
import t from 'tap'
import { limits } from '../../src/base/limits.ts'
import {
  codeOf,
  digest256,
  indexType,
  manifestOver,
  manifestType,
  pushBlob,
  pushManifest,
  setUpRegistry
} from '../lib/registry-world.ts'

t.test('manifests of any media type come back byte by byte', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  const layer = await pushBlob(world, 'a', 'layer')
  const bytes = Buffer.concat([manifestOver(config, [layer]), Buffer.from(' \n')])
  const digest = digest256(bytes)
  const put = await pushManifest(world, 'a/manifests/v1', bytes)
  t.equal(put.status, 201)
  t.equal(put.headers.get('docker-content-digest'), digest)
  t.equal(put.headers.get('location'), `/v2/a/manifests/${digest}`)
  for (const reference of ['v1', digest]) {
    const got = await world.ask(`/v2/a/manifests/${reference}`)
    t.equal(got.headers.get('content-type'), manifestType)
    t.equal(got.headers.get('docker-content-digest'), digest)
    t.ok(Buffer.from(await got.arrayBuffer()).equals(bytes))
    const head = await world.ask(`/v2/a/manifests/${reference}`, { method: 'HEAD' })
    t.equal(head.headers.get('content-length'), String(bytes.length))
  }
  const own = 'application/vnd.example.thing+json'
  t.equal((await pushManifest(world, 'a/manifests/own', Buffer.from('{"a":1}'), own)).status, 201)
  t.equal((await world.ask('/v2/a/manifests/own')).headers.get('content-type'), own)
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [] })
  )
  t.equal((await pushManifest(world, 'a/manifests/many', index, indexType)).status, 201)
  const sha512 = `sha512:${createHash('sha512').update(bytes).digest('hex')}`
  t.equal((await pushManifest(world, `a/manifests/${sha512}`, bytes)).status, 201)
  t.equal((await world.ask(`/v2/a/manifests/${sha512}`)).status, 200)
})

t.test('a manifest that is none, or lacks a blob, is refused', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  const good = manifestOver(config, [])
  const lacking = manifestOver(config, [{ bytes: Buffer.from('no'), digest: digest256('no') }])
  const put = async (reference: string, bytes: Buffer, type?: string) =>
    await codeOf(await pushManifest(world, `a/manifests/${reference}`, bytes, type))
  t.equal(await put('x', lacking), '400 MANIFEST_BLOB_UNKNOWN')
  t.equal(await put('x', Buffer.from('no json')), '400 MANIFEST_INVALID')
  t.equal(await put('x', good, indexType), '400 MANIFEST_INVALID', 'sent as something else')
  t.equal(await put(digest256('other'), good), '400 DIGEST_INVALID')
  t.equal(await put('x', Buffer.alloc(limits.manifestBytes + 1, ' ')), '413 SIZE_INVALID')
  t.equal((await world.ask('/v2/a/manifests/x')).status, 404, 'and no tag was made')
  const urls = ['https://elsewhere.test/layer']
  const foreign = JSON.parse(lacking.toString())
  foreign.layers[0].urls = urls
  const bytes = Buffer.from(JSON.stringify(foreign))
  t.equal((await pushManifest(world, 'a/manifests/x', bytes)).status, 201, 'a layer from elsewhere')
})

t.test('a blob that is here needs not be pushed to each repository', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  t.equal((await world.ask(`/v2/b/blobs/${config.digest}`)).status, 404, 'though it is not shown')
  t.equal((await pushManifest(world, 'b/manifests/v1', manifestOver(config, []))).status, 201)
  t.equal((await world.ask(`/v2/b/blobs/${config.digest}`)).status, 200)
})

t.test('tags and repositories are listed in order and by pages', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'b/c', '{}')
  const bytes = manifestOver(config, [])
  for (const tag of ['z', 'B', 'a', '1']) await pushManifest(world, `b/c/manifests/${tag}`, bytes)
  for (const name of ['a', 'c']) await pushBlob(world, name, 'x')
  const pages = async (path: string): Promise<string[][]> => {
    const found: string[][] = []
    for (let next: string | undefined = path; next !== undefined; ) {
      const answer = await world.ask(next)
      const list = (await answer.json()) as { tags?: string[]; repositories?: string[] }
      found.push(list.tags ?? list.repositories ?? [])
      next = /^<(.*)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1]
    }
    return found
  }
  t.strictSame(await pages('/v2/b/c/tags/list'), [['1', 'B', 'a', 'z']])
  t.strictSame(await pages('/v2/b/c/tags/list?n=3'), [['1', 'B', 'a'], ['z']])
  t.strictSame(await pages('/v2/b/c/tags/list?n=2'), [
    ['1', 'B'],
    ['a', 'z']
  ])
  t.strictSame(await pages('/v2/b/c/tags/list?last=B'), [['a', 'z']])
  t.strictSame(await pages('/v2/b/c/tags/list?n=0'), [[]])
  t.strictSame(await pages('/v2/_catalog?n=2'), [['a', 'b/c'], ['c']])
  t.match(await (await world.ask('/v2/b/c/tags/list')).json(), { name: 'b/c' })
})

t.test('what refers to a manifest is found, before and after that is pushed', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  const image = manifestOver(config, [])
  const subject = { mediaType: manifestType, digest: digest256(image), size: image.length }
  const put = async (more: object) => {
    const bytes = manifestOver(config, [], { subject, ...more })
    const answer = await pushManifest(world, `a/manifests/${digest256(bytes)}`, bytes)
    t.equal(answer.headers.get('oci-subject'), subject.digest)
    return digest256(bytes)
  }
  const path = `/v2/a/referrers/${subject.digest}`
  const list = async (query = '') => {
    const answer = await world.ask(path + query)
    t.equal(answer.headers.get('content-type'), indexType)
    return { answer, index: (await answer.json()) as { manifests: Array<Record<string, unknown>> } }
  }
  t.match((await list()).index, { schemaVersion: 2, mediaType: indexType, manifests: [] })
  const signature = await put({ artifactType: 'x/signature', annotations: { by: 'me' } })
  const other = await put({})
  await pushManifest(world, 'a/manifests/v1', image)
  const { index, answer } = await list()
  t.equal(answer.headers.get('oci-filters-applied'), null)
  t.equal(index.manifests.length, 2)
  const found = index.manifests.find(each => each.digest === signature)
  t.match(found, {
    mediaType: manifestType,
    artifactType: 'x/signature',
    annotations: { by: 'me' }
  })
  t.equal(
    index.manifests.find(each => each.digest === other)?.artifactType,
    'application/vnd.oci.image.config.v1+json'
  )
  const filtered = await list('?artifactType=x/signature')
  t.equal(filtered.answer.headers.get('oci-filters-applied'), 'artifactType')
  t.strictSame(
    filtered.index.manifests.map(each => each.digest),
    [signature]
  )
  t.strictSame((await list('?artifactType=none/such')).index.manifests, [])
  await world.ask(`/v2/a/manifests/${signature}`, { method: 'DELETE' })
  t.equal((await list()).index.manifests.length, 1, 'gone with its manifest')
})

t.test('deletion: of a tag only the tag, of a manifest all that leads to it', async t => {
  const world = await setUpRegistry(t)
  const config = await pushBlob(world, 'a', '{}')
  const bytes = manifestOver(config, [])
  for (const tag of ['one', 'two', 'three']) await pushManifest(world, `a/manifests/${tag}`, bytes)
  const remove = (path: string) => world.ask(`/v2/a/${path}`, { method: 'DELETE' })
  t.equal((await remove('manifests/one')).status, 202)
  t.match(await (await world.ask('/v2/a/tags/list')).json(), { tags: ['three', 'two'] })
  t.equal((await world.ask('/v2/a/manifests/two')).status, 200)
  t.equal((await remove(`manifests/${digest256(bytes)}`)).status, 202)
  t.strictSame(await (await world.ask('/v2/a/tags/list')).json(), { name: 'a', tags: [] })
  t.equal((await world.ask('/v2/a/manifests/two')).status, 404)
  t.equal((await remove(`blobs/${config.digest}`)).status, 202)
  t.equal((await world.ask(`/v2/a/blobs/${config.digest}`)).status, 404)
})
