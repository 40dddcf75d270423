import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { openDocuments } from '../../adapters/npm/documents.ts'
import { learnNpm } from '../../adapters/npm/learn.ts'
import { type Writing, writePackument } from '../../adapters/npm/write-packument.ts'
import { limits } from '../../src/base/limits.ts'
import type { Learned } from '../../src/pull/adapter.ts'

const documents = openDocuments()
t.teardown(() => documents.close())

const sha512 = `sha512-${Buffer.alloc(64, 7).toString('base64')}`
const sha512Digest = `sha512:${'07'.repeat(64)}`
const shasum = 'a'.repeat(40)

function write(form: 'full' | 'short', bytes: Uint8Array, more: Partial<Writing> = {}): Uint8Array {
  return writePackument({ name: 'foo', form, base: 'http://c/npm/', ...more }, bytes)
}

function packument(versions: Record<string, unknown>, more: object = {}): Buffer {
  return Buffer.from(JSON.stringify({ name: 'foo', versions, ...more }))
}

async function learn(document: Uint8Array | AsyncIterable<Uint8Array>): Promise<Learned[]> {
  const key = 'npm/.packuments/foo/source.json'
  const pieces = document instanceof Uint8Array ? inPieces(document) : document
  const found: Learned[] = []
  for await (const each of learnNpm(documents, { key, url: '' }, pieces)) found.push(each)
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
    const want = digest === undefined ? [] : [{ key: 'npm/foo/1.0.0.tgz', digest }]
    t.same(await learn(packument({ '1.0.0': { dist } })), want, JSON.stringify(dist).slice(0, 100))
  }
})

t.test('a tarball name that is none is replaced by the usual one', async t => {
  for (const tarball of ['http://x/a/..%2f..%2fpasswd', 'http://x/y/', 'no url', 7, undefined]) {
    const learnt = await learn(packument({ '1.0.0': { dist: { tarball, shasum } } }))
    t.equal(learnt[0]?.key, 'npm/foo/1.0.0.tgz', String(tarball))
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
    t.throws(() => write('full', document), { code: 'upstream' })
  }
})

t.test('a packument that would fill the memory is not parsed', async t => {
  const values = Buffer.alloc(limits.documentValues * 2, ',[]'.repeat(1000))
  const bomb = Buffer.concat([Buffer.from('{"name":"foo","versions":{},"x":[0'), values])
  t.throws(() => write('full', bomb), {
    code: 'upstream',
    message: /values/
  })
  const deep = Buffer.from(
    `{"name":"foo","versions":{},"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  )
  t.throws(() => write('full', deep), 'too deep to be written')
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
    ['npm/foo/-/p.tgz', 'npm/foo/-/foo-constructor.tgz']
  )
  for (const form of ['full', 'short'] as const) {
    const written = write(form, Buffer.from(text))
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
  const read = (form: 'full' | 'short'): Record<string, unknown> =>
    JSON.parse(gunzipSync(write(form, document)).toString())
  const dist = { tarball: 'http://c/npm/foo/-/foo-1.0.0.tgz', integrity: sha512 }
  t.match(read('full'), { readme: 'long', versions: { '1.0.0': { readme: 'long', dist } } })
  t.strictSame(read('short'), {
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
