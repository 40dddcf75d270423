import t from 'tap'
import { classifyOci } from '../../adapters/oci/classify.ts'
import { mediaTypes, readManifest } from '../../adapters/oci/manifest.ts'
import { isRepositoryName, isTag, parseDigest, referrersTag } from '../../adapters/oci/reference.ts'
import { parseTarget } from '../../adapters/oci/target.ts'
import { readChallenge } from '../../src/pull/registry/challenge.ts'

const sha256 = `sha256:${'a'.repeat(64)}` as const
const sha512 = `sha512:${'b'.repeat(128)}` as const

t.test('names and tags are what the specification allows, and no more', async t => {
  for (const name of ['a', 'library/alpine', 'a.b/c_d/e__f/g---h', '0/1', 'x'.repeat(255)]) {
    t.equal(isRepositoryName(name), true, name)
  }
  const wrong = ['', '/', 'A', 'a/', '/a', 'a//b', '.', '..', 'a/../b', '-a', 'a-', 'a___b', 'a..b']
  for (const name of [...wrong, 'a\n', 'a b', 'a%2fb', 'é', 'x'.repeat(256)]) {
    t.equal(isRepositoryName(name), false, name)
  }
  for (const tag of ['latest', 'v1.0-rc_2', '_', 'A'.repeat(128)]) t.equal(isTag(tag), true, tag)
  for (const tag of ['', '.a', '-a', 'a/b', 'a:b', 'a\n', 'A'.repeat(129)]) {
    t.equal(isTag(tag), false, tag)
  }
})

t.test('a name that is made to be slow is not', async t => {
  t.equal(isRepositoryName(`${'a-'.repeat(127)}!`), false)
  t.equal(isRepositoryName(`${'a_'.repeat(120)}/`), false)
})

t.test('digests of registered algorithms, in lower case and of the right length', async t => {
  t.equal(parseDigest(sha256), sha256)
  t.equal(parseDigest(sha512), sha512)
  const hex = 'a'.repeat(64)
  const wrong = ['', 'sha256', 'sha256:', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`]
  for (const text of [
    ...wrong,
    `sha256:${'a'.repeat(65)}`,
    `sha1:${'a'.repeat(40)}`,
    `md5:${hex}`,
    hex
  ]) {
    t.throws(() => parseDigest(text), { code: 'invalid' }, text)
  }
  t.equal(referrersTag(sha256), `sha256-${'a'.repeat(64)}`)
  t.equal(referrersTag(sha512), `sha512-${'b'.repeat(64)}`, 'cut to what a tag can hold')
})

t.test('what a path names', async t => {
  const targets = {
    '': { kind: 'base' },
    _catalog: { kind: 'catalog' },
    'a/b/tags/list': { kind: 'tags', name: 'a/b' },
    'a/manifests/latest': { kind: 'manifest', name: 'a', tag: 'latest' },
    [`a/manifests/${sha256}`]: { kind: 'manifest', name: 'a', digest: sha256 },
    [`a/blobs/${sha512}`]: { kind: 'blob', name: 'a', digest: sha512 },
    'a/blobs/uploads': { kind: 'uploads', name: 'a' },
    'a/blobs/uploads/': { kind: 'uploads', name: 'a' },
    'a/blobs/uploads/x-1': { kind: 'upload', name: 'a', id: 'x-1' },
    [`a/referrers/${sha256}`]: { kind: 'referrers', name: 'a', digest: sha256 },
    'a/blobs/b/manifests/tags': { kind: 'manifest', name: 'a/blobs/b', tag: 'tags' },
    'manifests/manifests/manifests': { kind: 'manifest', name: 'manifests', tag: 'manifests' },
    'tags/list/tags/list': { kind: 'tags', name: 'tags/list' }
  }
  for (const [path, target] of Object.entries(targets))
    t.strictSame(parseTarget(path), target, path)
  for (const path of ['a', 'a/b', 'manifests/latest', 'tags/list', 'a/manifests/', '_catalog/x']) {
    t.equal(parseTarget(path), undefined, path)
  }
  for (const path of ['A/manifests/x', '../manifests/x', 'a/../b/tags/list', '/a/tags/list']) {
    t.throws(() => parseTarget(path), { code: 'usage' }, path)
  }
  for (const path of [
    'a/manifests/.x',
    'a/blobs/latest',
    'a/manifests/sha256:x',
    'a/referrers/x'
  ]) {
    t.throws(() => parseTarget(path), { code: 'invalid' }, path)
  }
})

t.test('what is fetched from an upstream, and how it is known', async t => {
  const upstreams = { hub: { name: 'hub', url: 'https://r.test/x/' } }
  const classify = (path: string) => classifyOci({ path, headers: {}, upstreams })
  t.match(classify(`hub/a/b/blobs/${sha256}`), {
    key: `oci/hub/a/b/blobs/${sha256}`,
    url: `https://r.test/x/v2/a/b/blobs/${sha256}`,
    digest: sha256,
    freshness: { kind: 'immutable' }
  })
  t.match(classify(`hub/a/manifests/${sha256}`)?.requestHeaders?.accept, mediaTypes.index)
  t.equal(classify(`hub/a/referrers/${sha256}`)?.freshness.kind, 'mutable')
  for (const path of [
    'hub/a/manifests/latest',
    'hub/a/tags/list',
    `other/a/blobs/${sha256}`,
    'hub'
  ]) {
    t.equal(classify(path), undefined, path)
  }
  t.equal(classifyOci({ path: `toString/a/blobs/${sha256}`, headers: {}, upstreams }), undefined)
})

t.test('manifests of every kind are read, those of no kind are refused', async t => {
  const read = (value: unknown, sentAs?: string) =>
    readManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), sentAs)
  const layer = { mediaType: 'x/y', digest: sha256, size: 3 }
  t.equal(read({ config: layer, layers: [] }).mediaType, mediaTypes.manifest)
  t.equal(read({ manifests: [] }).mediaType, mediaTypes.index)
  t.equal(read({ schemaVersion: 1, signatures: [] }).mediaType, mediaTypes.dockerSigned)
  t.equal(read({ mediaType: 'a/b' }).mediaType, 'a/b')
  t.equal(read({ config: layer }).artifactType, 'x/y', 'of the config, where none is named')
  t.equal(read({ config: layer, artifactType: 'z/z' }).artifactType, 'z/z')
  t.strictSame(read({ annotations: { a: 'b', c: 1 } }).annotations, { a: 'b' })
  t.match(read({ layers: [{ ...layer, urls: ['http://x'] }] }).layers[0], { urls: ['http://x'] })
  t.match(read({ manifests: [{ ...layer, platform: { os: 'linux', architecture: 'arm64' } }] }), {
    manifests: [{ platform: { os: 'linux', architecture: 'arm64' } }]
  })
  const wrong = ['', 'x', '[]', 'null', '"a"', '{"layers":{}}', '{"layers":[1]}', '{"config":{}}']
  const badDigest = { config: { ...layer, digest: 'sha256:x' } }
  for (const value of [...wrong, badDigest, { layers: [{ ...layer, size: -1 }] }]) {
    t.throws(() => read(value), { code: 'invalid' }, JSON.stringify(value))
  }
  for (const part of ['config', 'layers', 'fsLayers']) {
    const both = { manifests: [], [part]: part === 'config' ? layer : [] }
    t.throws(() => read(both), { code: 'invalid' }, `an index with ${part}`)
  }
  t.throws(() => read({ mediaType: 'a/b' }, 'c/d'), { code: 'invalid' }, 'two media types')
  t.throws(() => readManifest(Buffer.from([0x7b, 0xff, 0x7d])), { code: 'invalid' })
})

t.test('a challenge is read, however it is written', async t => {
  const bearer = (more: object) => ({
    scheme: 'bearer',
    service: undefined,
    scope: undefined,
    ...more
  })
  const table = {
    'Bearer realm="https://a.test/token",service="a",scope="repository:x/y:pull"': bearer({
      realm: 'https://a.test/token',
      service: 'a',
      scope: 'repository:x/y:pull'
    }),
    'bearer  realm=r , scope="a:b:pull,push"': bearer({ realm: 'r', scope: 'a:b:pull,push' }),
    'Basic realm="x", Bearer realm="y"': bearer({ realm: 'y' }),
    'Bearer realm="a\\"b"': bearer({ realm: 'a"b' }),
    'Basic realm="x"': { scheme: 'basic' },
    Basic: { scheme: 'basic' },
    'Negotiate, Basic realm="x"': { scheme: 'basic' }
  }
  for (const [header, challenge] of Object.entries(table)) {
    t.strictSame(readChallenge(header), challenge, header)
  }
  for (const header of [
    '',
    'Bearer',
    'Bearer realm',
    'Digest realm="x"',
    '"',
    ',,,',
    'Bearer realm="x'
  ]) {
    t.equal(readChallenge(header), undefined, header)
  }
  t.equal(readChallenge(`Bearer realm="${'\\'.repeat(100_000)}`), undefined)
})
