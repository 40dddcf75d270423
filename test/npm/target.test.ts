import t from 'tap'
import { packumentOf, sourceOf, tarballOf } from '../../adapters/npm/classify.ts'
import { isNamePattern, matchesName } from '../../adapters/npm/match-name.ts'
import { orderVersions } from '../../adapters/npm/order-versions.ts'
import { type NpmTarget, parseNpmPath } from '../../adapters/npm/target.ts'
import { placeOf } from '../../src/mirror/npm/place.ts'

const target = (path: string): NpmTarget | undefined => parseNpmPath(path).target

t.test('what paths name', async t => {
  const table: ReadonlyArray<readonly [string, NpmTarget]> = [
    ['foo', { kind: 'packument', name: 'foo' }],
    ['@s/foo', { kind: 'packument', name: '@s/foo' }],
    ['JSONStream', { kind: 'packument', name: 'JSONStream' }],
    ['foo/1.0.0', { kind: 'version', name: 'foo', version: '1.0.0' }],
    ['@s/foo/1.0.0-rc.1+b', { kind: 'version', name: '@s/foo', version: '1.0.0-rc.1+b' }],
    ['foo/latest', { kind: 'version', name: 'foo', version: 'latest' }],
    [
      'foo/-/foo-1.0.0.tgz',
      { kind: 'tarball', name: 'foo', file: 'foo-1.0.0.tgz', revision: undefined }
    ],
    [
      '@s/foo/-/foo-1.0.0.tgz',
      { kind: 'tarball', name: '@s/foo', file: 'foo-1.0.0.tgz', revision: undefined }
    ],
    [
      '@s/foo/-/@s/foo-1.0.0.tgz',
      { kind: 'tarball', name: '@s/foo', file: 'foo-1.0.0.tgz', revision: undefined }
    ],
    [
      'foo/-/foo-1.0.0.tgz/-rev/3-x',
      { kind: 'tarball', name: 'foo', file: 'foo-1.0.0.tgz', revision: '3-x' }
    ],
    ['foo/-rev/3-x', { kind: 'revision', name: 'foo', revision: '3-x' }],
    ['-/package/@s/foo/dist-tags', { kind: 'tags', name: '@s/foo' }],
    ['-/package/foo/dist-tags/beta', { kind: 'tag', name: 'foo', tag: 'beta' }],
    ['-/package/foo/visibility', { kind: 'visibility', name: 'foo' }],
    [
      '-/npm/v1/attestations/@s/foo@1.0.0',
      { kind: 'attestations', name: '@s/foo', version: '1.0.0' }
    ],
    ['-/npm/v1/security/advisories/bulk', { kind: 'advisories' }],
    ['-/user/org.couchdb.user:ann', { kind: 'user', name: 'ann' }],
    ['-/user/ann/package', { kind: 'packages-of', owner: 'user', name: 'ann' }],
    ['-/org/ours/package', { kind: 'packages-of', owner: 'org', name: 'ours' }],
    ['-/user/token/ann.secret', { kind: 'token', id: 'ann.secret' }],
    ['-/npm/v1/tokens/token/12ab', { kind: 'token', id: '12ab' }],
    ['-/v1/login/abc/done', { kind: 'login-done', session: 'abc' }],
    ['-/ping', { kind: 'ping' }]
  ]
  for (const [path, want] of table) t.strictSame(target(path), want, path)
})

t.test('what is of no registry', async t => {
  const none = ['', '@s', '.hidden', '_x', '__proto__', 'foo/-/x.zip', 'foo/-/', 'a b']
  const more = [
    '@/foo',
    '-',
    '-/',
    '-/whatever',
    `x${'y'.repeat(214)}`,
    'fóo',
    'foo/-/a/b.tgz',
    'foo/^1.0.0'
  ]
  const odd = [
    '-/package/../dist-tags/x',
    '-/npm/v1/attestations/foo@latest',
    'foo/1.0.0/x',
    'foo/v1'
  ]
  for (const path of [...none, ...more]) t.equal(target(path), undefined, JSON.stringify(path))
  t.throws(() => target(odd[0]!), { code: 'invalid' })
  for (const path of odd.slice(1)) t.equal(target(path), undefined, path)
  for (const path of ['..', '@s/..', 'foo/-/../x.tgz', 'a\0b', 'a\\b', './foo', '+npm/../x']) {
    t.throws(() => target(path), { code: 'invalid' }, JSON.stringify(path))
  }
})

t.test('views: an upstream by its name, and a time', async t => {
  const view = (path: string): unknown => parseNpmPath(path).view
  t.strictSame(view('foo'), { upstream: undefined, asOfMs: undefined, prefix: '' })
  t.match(view('+company/foo'), { upstream: 'company', prefix: '+company/' })
  const asOfMs = Date.UTC(2026, 0, 2, 3, 4)
  t.match(view('@2026-01-02T03:04Z/foo'), { asOfMs, prefix: '@2026-01-02T03:04Z/' })
  t.match(view('+company/@2026-01-02T03:04:00Z/@s/foo'), { upstream: 'company', asOfMs })
  t.strictSame(target('@2026-01-02T03:04Z/@s/foo'), { kind: 'packument', name: '@s/foo' })
  t.strictSame(target('@2026-01-02/foo'), { kind: 'packument', name: '@2026-01-02/foo' }, 'a scope')
  t.throws(() => view('@2026-13-45T99:99Z/foo'), { code: 'invalid' })
})

t.test('where items lie: in the catalog and upstream', async t => {
  const main = sourceOf({ name: 'npm', url: 'http://up.test/base/' })
  const other = sourceOf({ name: 'company', url: 'http://co.test/' })
  t.match(packumentOf(main, '@s/foo'), {
    key: 'npm/.packuments/@s/foo/source.json',
    url: 'http://up.test/base/@s%2ffoo'
  })
  t.match(tarballOf(main, '@s/foo', 'foo-1.0.0+b.tgz'), {
    key: 'npm/@s/foo/1.0.0+b.tgz',
    url: 'http://up.test/base/@s/foo/-/foo-1.0.0%2Bb.tgz'
  })
  t.equal(tarballOf(main, 'foo', 'other-1.0.0.tgz').key, 'npm/foo/-/other-1.0.0.tgz')
  t.equal(tarballOf(main, 'foo', 'foo-1.tgz').key, 'npm/foo/-/foo-1.tgz')
  t.equal(tarballOf(other, 'foo', 'foo-1.0.0.tgz').key, 'npm/+company/foo/1.0.0.tgz')
})

t.test('where names are looked up', async t => {
  const upstream = (name: string, ...names: string[]) => ({
    name,
    url: `http://${name}.test/`,
    names
  })
  const upstreams = {
    npm: upstream('npm'),
    company: upstream('company', '@company', 'internal-*'),
    deep: upstream('deep', '@company/deep-*')
  }
  const hosted = ['@ours', 'tool']
  const at = (name: string, view?: string, all: typeof upstreams | object = upstreams): string => {
    const place = placeOf(
      name,
      { upstream: view },
      { upstreams: all as typeof upstreams, hosted },
      each => each === 'published'
    )
    return place.kind === 'hosted' ? 'here' : place.source.upstream.name
  }
  t.equal(at('react'), 'npm')
  t.equal(at('@company/x'), 'company')
  t.equal(at('@company/deep-x'), 'deep', 'the longest pattern counts')
  t.equal(at('@companyx/x'), 'npm')
  t.equal(at('internal-x'), 'company')
  t.equal(at('@ours/x'), 'here')
  t.equal(at('tool'), 'here')
  t.equal(at('toolbox'), 'npm')
  t.equal(at('published'), 'here')
  t.equal(at('react', 'company'), 'company')
  t.throws(() => at('react', 'nobody'), { code: 'not-found' })
  t.throws(() => at('react', '__proto__'), { code: 'not-found' })
  t.throws(() => at('@ours/x', 'npm'), { code: 'not-found' }, 'a hosted name is never looked up')
  t.throws(() => at('published', 'npm'), { code: 'not-found' })
  t.equal(at('react', undefined, {}), 'here', 'without an upstream all names are published here')
})

t.test('patterns of names', async t => {
  t.ok(matchesName('@s', '@s/x'))
  t.notOk(matchesName('@s', '@s2/x'))
  t.notOk(matchesName('s', 's/x'))
  t.ok(matchesName('*', 'anything'))
  for (const right of ['@s', '@s/x', 'x', 'x-*', '*', '@s/*']) t.ok(isNamePattern(right), right)
  for (const wrong of ['', '@', 'a b', '**', '@s/x/y', '../x', 'x*y'])
    t.notOk(isNamePattern(wrong), wrong)
})

t.test('versions in their order', async t => {
  const order = [
    'nonsense',
    '0.0.1',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta.2'
  ]
  const all = [
    ...order,
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.2.0',
    '1.10.0',
    '2.0.0',
    '10.0.0'
  ]
  for (const [at, version] of all.entries()) {
    for (const [other, against] of all.entries()) {
      t.equal(
        Math.sign(orderVersions(version, against)),
        Math.sign(at - other),
        `${version} ${against}`
      )
    }
  }
  t.equal(orderVersions('1.0.0+a', '1.0.0+b'), 0)
})
