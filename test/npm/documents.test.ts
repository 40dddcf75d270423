import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { classifyNpm, passNpm } from '../../adapters/npm/classify.ts'
import { learnNpm } from '../../adapters/npm/learn.ts'
import { writePackument } from '../../adapters/npm/write-packument.ts'
import { limits } from '../../src/base/limits.ts'
import type { Classification, Learned } from '../../src/pull/adapter.ts'

const upstreams = { npm: { name: 'npm', url: 'http://up.test/base/' } }
const headers = { host: '127.0.0.1:7070', accept: '*/*' }
const classify = (path: string, more: Record<string, string> = {}): Classification | undefined =>
  classifyNpm({ path, headers: { ...headers, ...more }, upstreams })

t.test('what paths stand for', async t => {
  const table: ReadonlyArray<readonly [string, string, string]> = [
    ['foo', 'npm/.packuments/foo/full.json.gz', 'http://up.test/base/foo'],
    ['@s/foo', 'npm/.packuments/@s/foo/full.json.gz', 'http://up.test/base/@s%2ffoo'],
    ['JSONStream', 'npm/.packuments/JSONStream/full.json.gz', 'http://up.test/base/JSONStream'],
    ['foo/-/foo-1.0.0.tgz', 'npm/foo/foo-1.0.0.tgz', 'http://up.test/base/foo/-/foo-1.0.0.tgz'],
    [
      '@s/foo/-/foo-1.0.0+b.tgz',
      'npm/@s/foo/foo-1.0.0+b.tgz',
      'http://up.test/base/@s/foo/-/foo-1.0.0%2Bb.tgz'
    ]
  ]
  for (const [path, key, url] of table) t.match(classify(path), { key, url }, path)
})

t.test('what is not of a registry', async t => {
  const none = ['', '@s', '.hidden', '_x', '__proto__', 'foo/1.0.0', 'foo/-/a/b.tgz', 'foo/-/x.zip']
  for (const path of [...none, 'foo/-/', 'a b', '@/foo', '-/ping', `x${'y'.repeat(214)}`, 'fóo']) {
    t.equal(classify(path), undefined, JSON.stringify(path))
  }
  for (const path of ['..', '@s/..', 'foo/-/../x.tgz', 'a\0b', 'a\\b', './foo']) {
    t.throws(() => classify(path), { code: 'invalid' }, JSON.stringify(path))
  }
  for (const host of ['', 'a b', 'x/../y', 'evil.test"', 'a:b', 'u@h', 'x'.repeat(300)]) {
    t.throws(() => classify('foo', { host }), { code: 'invalid' }, JSON.stringify(host))
  }
})

t.test('without an upstream the answer says what to do', async t => {
  const request = { path: 'foo', headers, upstreams: {} }
  t.throws(() => classifyNpm(request), { code: 'not-found', message: /npm: upstream/ })
})

t.test('only questions that the upstream answers are passed on', async t => {
  const pass = (method: string, path: string): string | undefined =>
    passNpm({ method, path, query: '?q', headers, upstreams })
  t.equal(pass('GET', '-/ping'), 'http://up.test/base/-/ping?q')
  t.equal(
    pass('GET', '-/npm/v1/attestations/@s/foo@1.0.0'),
    'http://up.test/base/-/npm/v1/attestations/@s%2ffoo@1.0.0?q'
  )
  t.ok(pass('POST', '-/npm/v1/security/advisories/bulk'))
  for (const [method, path] of [
    ['PUT', '-/ping'],
    ['GET', '-/npm/v1/security/advisories/bulk'],
    ['GET', '-/npm/v1/attestations/@../foo@1'],
    ['GET', '-/npm/v1/attestations/../@1'],
    ['GET', '-/package/../dist-tags'],
    ['POST', '-/v1/login'],
    ['GET', '-/whoami'],
    ['GET', 'foo']
  ] as const) {
    t.equal(pass(method, path), undefined, `${method} ${path}`)
  }
})

const sha512 = `sha512-${Buffer.alloc(64, 7).toString('base64')}`
const sha512Digest = `sha512:${'07'.repeat(64)}`
const shasum = 'a'.repeat(40)

function packument(versions: Record<string, unknown>, more: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ name: 'foo', versions, ...more }))
}

async function learn(document: Uint8Array | AsyncIterable<Uint8Array>): Promise<Learned[]> {
  const key = 'npm/.packuments/foo/source.json'
  const pieces = document instanceof Uint8Array ? inPieces(document) : document
  const found: Learned[] = []
  for await (const each of learnNpm({ key, url: '' }, pieces)) found.push(each)
  return found
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const shared = Buffer.alloc(7)
  for (let at = 0; at < bytes.length; at += 7) {
    const piece = bytes.subarray(at, at + 7)
    shared.set(piece)
    yield shared.subarray(0, piece.length)
  }
}

t.test('the strongest digest of each version', async t => {
  const tarball = 'http://elsewhere.test/x/y/foo-1.0.0.tgz'
  const table: ReadonlyArray<readonly [object, string | undefined]> = [
    [{ tarball, integrity: sha512, shasum }, sha512Digest],
    [{ tarball, integrity: `sha1-x ${sha512}?opt` }, sha512Digest],
    [{ tarball, shasum }, `sha1:${shasum}`],
    [{ tarball, integrity: 'sha512-c2hvcnQ=', shasum }, `sha1:${shasum}`],
    [{ tarball, integrity: 'md5-x' }, undefined],
    [{ tarball, shasum: 7 }, undefined],
    [{ tarball }, undefined]
  ]
  for (const [dist, digest] of table) {
    const want = digest === undefined ? [] : [{ key: 'npm/foo/foo-1.0.0.tgz', digest }]
    t.same(await learn(packument({ '1.0.0': { dist } })), want, JSON.stringify(dist).slice(0, 100))
  }
})

t.test('a tarball name that is none is replaced by the usual one', async t => {
  for (const tarball of ['http://x/a/..%2f..%2fpasswd', 'http://x/y/', 'no url', 7, undefined]) {
    const learnt = await learn(packument({ '1.0.0': { dist: { tarball, shasum } } }))
    t.equal(learnt[0]?.key, 'npm/foo/foo-1.0.0.tgz', String(tarball))
  }
  t.same(await learn(packument({ '../../x': { dist: { tarball: '..', shasum } } })), [])
})

t.test('what is not the packument of its package is refused', async t => {
  const good = packument({ '1.0.0': { dist: { shasum } } })
  const wrong: Array<readonly [string, Buffer]> = [
    ['nothing', Buffer.alloc(0)],
    ['cut', good.subarray(0, -1)],
    ['a list', Buffer.from('[]')],
    ['null', Buffer.from('null')],
    ['html', Buffer.from('<html>Log in</html>')],
    ['an error', Buffer.from('{"error":"not here"}')],
    ['another package', packument({}, { name: 'bar' })],
    ['versions as a list', Buffer.from('{"name":"foo","versions":[]}')]
  ]
  for (const [what, document] of wrong) {
    await t.rejects(learn(document), { code: 'upstream' }, what)
    await t.rejects(writePackument('foo', 'full', 'http://c/npm/', document), { code: 'upstream' })
  }
})

t.test('a packument that would fill the memory is not parsed', async t => {
  const values = Buffer.alloc(limits.documentValues * 2, ',[]'.repeat(1000))
  const bomb = Buffer.concat([Buffer.from('{"name":"foo","versions":{},"x":[0'), values])
  await t.rejects(writePackument('foo', 'full', 'http://c/npm/', bomb), {
    code: 'upstream',
    message: /values/
  })
  const deep = Buffer.from(
    `{"name":"foo","versions":{},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  )
  await t.rejects(writePackument('foo', 'full', 'http://c/npm/', deep), 'too deep to be written')
})

t.test('an endless packument ends', async t => {
  async function* endless(): AsyncGenerator<Uint8Array> {
    const piece = Buffer.alloc(limits.derivedBytes)
    for (;;) yield piece
  }
  await t.rejects(learn(endless()), { code: 'file-too-large' })
})

t.test('hostile keys and shapes change nothing but themselves', async t => {
  const text = `{"name":"foo","__proto__":{"polluted":1},"versions":{
    "__proto__":{"dist":{"tarball":"http://x/p.tgz","shasum":"${shasum}"},"polluted":1},
    "constructor":{"dist":{"shasum":"${shasum}"}},
    "1.0.0":null,"2.0.0":[],"3.0.0":{"dist":"x"},"4.0.0":{"dist":null,"scripts":7}}}`
  const learnt = await learn(Buffer.from(text))
  t.same(
    learnt.map(({ key }) => key),
    ['npm/foo/p.tgz', 'npm/foo/foo-constructor.tgz']
  )
  for (const form of ['full', 'short'] as const) {
    const written = await writePackument('foo', form, 'http://c/npm/', Buffer.from(text))
    t.match(gunzipSync(written).toString(), '"__proto__":{"')
  }
  t.equal(({} as { polluted?: unknown }).polluted, undefined)
})

t.test('both forms: tarballs at this address, integrity as it was', async t => {
  const document = packument(
    {
      '1.0.0': {
        name: 'foo',
        version: '1.0.0',
        dependencies: { a: '1' },
        scripts: { postinstall: 'x' },
        readme: 'long',
        dist: { tarball: 'https://up.test/foo/-/foo-1.0.0.tgz', integrity: sha512 }
      }
    },
    { 'dist-tags': { latest: '1.0.0' }, readme: 'long', time: { modified: 'now', '1.0.0': 'then' } }
  )
  const read = async (form: 'full' | 'short'): Promise<Record<string, unknown>> =>
    JSON.parse(
      gunzipSync(await writePackument('foo', form, 'http://c:1/npm/', document)).toString()
    )
  const dist = { tarball: 'http://c:1/npm/foo/-/foo-1.0.0.tgz', integrity: sha512 }
  t.match(await read('full'), { readme: 'long', versions: { '1.0.0': { readme: 'long', dist } } })
  t.strictSame(await read('short'), {
    name: 'foo',
    'dist-tags': { latest: '1.0.0' },
    modified: 'now',
    versions: {
      '1.0.0': {
        hasInstallScript: true,
        name: 'foo',
        version: '1.0.0',
        dependencies: { a: '1' },
        dist
      }
    },
    time: { modified: 'now', '1.0.0': 'then' }
  })
})
