import t from 'tap'
import { mirrorTarget } from '../../src/mirror/target.ts'

const upstreams = {
  debian: { name: 'debian', url: 'http://mirror.test/debian/' },
  security: { name: 'security', url: 'http://mirror.test/debian-security/' },
  local: { name: 'local', url: 'http://localhost:8080/' }
}

t.test('a path or a proxy request names a path below an upstream', async t => {
  for (const [target, path] of [
    ['/apt/debian/dists/x/InRelease', 'debian/dists/x/InRelease'],
    ['/apt/debian/pool/g%2b%2b_1%7e2.deb', 'debian/pool/g++_1~2.deb'],
    ['/apt/debian/x?y=z', 'debian/x'],
    ['http://mirror.test/debian/dists/x', 'debian/dists/x'],
    ['HTTP://MIRROR.TEST:80/debian/dists/x', 'debian/dists/x'],
    ['http://user:secret@mirror.test/debian/x', 'debian/x'],
    ['http://mirror.test/debian-security/dists/x', 'security/dists/x'],
    ['http://localhost:8080/x', 'local/x'],
    ['http://mirror.test/other/x', '@mirror.test/other/x']
  ] as const) {
    t.equal(mirrorTarget(target, '/apt/', upstreams)?.path, path, target)
  }
  const beside = mirrorTarget('http://mirror.test/other/x', '/apt/', upstreams)
  t.equal(beside?.upstreams['@mirror.test']?.url, 'http://mirror.test/')
  t.equal(mirrorTarget('/npm/x', '/apt/', upstreams), undefined)
})

t.test('an upstream named like its own host keeps its name for itself', async t => {
  const named = {
    'mirror.test': { name: 'mirror.test', url: 'http://mirror.test/debian/' },
    'mirror.test_8080': { name: 'mirror.test_8080', url: 'http://mirror.test:8080/debian/' }
  }
  for (const [target, name, url] of [
    ['http://mirror.test/debian/x', 'mirror.test', 'http://mirror.test/debian/'],
    ['http://mirror.test/x', '@mirror.test', 'http://mirror.test/'],
    ['http://mirror.test:8080/x', '@mirror.test+8080', 'http://mirror.test:8080/']
  ] as const) {
    const found = mirrorTarget(target, '/apt/', named)
    t.equal(found?.path, `${name}/x`, target)
    t.equal(found?.upstreams[name]?.url, url, target)
    t.equal(found?.upstreams['mirror.test']?.url, 'http://mirror.test/debian/')
  }
})

t.test('a proxy request reaches nothing but the upstreams that are configured', async t => {
  for (const target of [
    'http://169.254.169.254/latest/meta-data/',
    'http://127.0.0.1/x',
    'http://localhost/x',
    'http://localhost:8081/x',
    'http://mirror.test:8080/debian/x',
    'http://mirror.test.evil.test/debian/x',
    'http://mirror.test@evil.test/debian/x',
    'http://[::1]/x'
  ]) {
    t.throws(() => mirrorTarget(target, '/apt/', upstreams), { code: 'denied' }, target)
  }
})

t.test('what is no target is refused', async t => {
  for (const target of ['/apt/debian/%zz', '/apt/debian/%ff', 'http:///x', 'http://']) {
    t.throws(() => mirrorTarget(target, '/apt/', upstreams), { code: 'invalid' }, target)
  }
  const climbing = mirrorTarget('http://mirror.test/debian/../../etc', '/apt/', upstreams)
  t.equal(climbing?.path, 'debian/../../etc', 'dots are left for the adapter to refuse')
})
