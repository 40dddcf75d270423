import t from 'tap'
import type { Descriptor } from '../../adapters/oci/manifest.ts'
import { platformFor } from '../../adapters/oci/platform.ts'
import { parseImageName } from '../../src/cli/oci/image-name.ts'
import { findOwner, readImageConfig, runtimeConfig } from '../../src/cli/oci/runtime-config.ts'
import { parseOciUpstreams } from '../../src/daemon/parse-oci-upstreams.ts'
import { SettingError } from '../../src/daemon/setting-error.ts'

t.test('image names as people write them', async t => {
  t.strictSame(parseImageName('a/b:v1'), { name: 'a/b', tag: 'v1' })
  t.strictSame(parseImageName('r.test/a'), { name: 'r.test/a', tag: 'latest' })
  for (const text of ['', ':v1', 'a:', 'A', 'a:b:c', '../a', 'a@sha256:x', 'host:5000/a', 'a b']) {
    t.throws(() => parseImageName(text), { code: 'usage' }, text)
  }
})

t.test('what an image’s config says, and what it does not', async t => {
  const read = (value: unknown) => readImageConfig(Buffer.from(JSON.stringify(value)))
  const config = { Entrypoint: ['/e'], Cmd: ['c'], Env: ['A=b'], WorkingDir: '/w', User: 'x:y' }
  t.strictSame(read({ config }), { args: ['/e', 'c'], env: ['A=b'], cwd: '/w', user: 'x:y' })
  const nothing = { args: ['/bin/sh'], env: [], cwd: '/', user: '' }
  for (const value of [
    {},
    null,
    [],
    { config: null },
    { config: { Cmd: 'x', Env: {}, User: 1 } }
  ]) {
    t.strictSame(read(value), nothing, JSON.stringify(value))
  }
  t.strictSame(readImageConfig(Buffer.from('{')), nothing)
})

t.test('an image’s user is looked up in its own files', async t => {
  const passwd = 'root:x:0:0::/root:/bin/sh\nweb:x:33:34::/:/bin/false\nbroken\n'
  const group = 'root:x:0:\nstaff:x:50:\n'
  const table = {
    '': { uid: 0, gid: 0 },
    '7': { uid: 7, gid: 0 },
    '33': { uid: 33, gid: 34 },
    '7:8': { uid: 7, gid: 8 },
    web: { uid: 33, gid: 34 },
    'web:staff': { uid: 33, gid: 50 },
    '33:50': { uid: 33, gid: 50 },
    nobody: undefined,
    'web:none': undefined,
    broken: undefined
  }
  for (const [user, owner] of Object.entries(table)) {
    t.strictSame(findOwner(user, passwd, group), owner, user)
  }
})

t.test('a bundle mounts only where the root has a place for it', async t => {
  const process = { args: ['/x'], env: ['A=b'], cwd: '/', user: '' }
  const shared = { owner: { uid: 0, gid: 0 }, rootfs: '/r', hostname: 'h' }
  const config = runtimeConfig({ ...shared, process, has: ['/proc'] }) as {
    mounts: Array<{ destination: string }>
    process: { env: string[] }
  }
  t.strictSame(
    config.mounts.map(mount => mount.destination),
    ['/proc']
  )
  t.match(config, { root: { path: '/r', readonly: true }, process: { noNewPrivileges: true } })
  t.match(config.process.env[0], /^PATH=/)
  const own = { ...process, env: ['PATH=/own'] }
  t.match(runtimeConfig({ ...shared, process: own, has: [] }), { process: { env: ['PATH=/own'] } })
})

t.test('the image of an index that fits the machine', async t => {
  const of = (platform?: Descriptor['platform']): Descriptor => ({
    mediaType: 'x/y',
    digest: `sha256:${'a'.repeat(64)}`,
    size: 1,
    ...(platform === undefined ? {} : { platform })
  })
  const amd = of({ os: 'linux', architecture: 'amd64' })
  const arm = of({ os: 'linux', architecture: 'arm64', variant: 'v8' })
  const windows = of({ os: 'windows', architecture: 'amd64' })
  t.equal(platformFor([windows, arm, amd], 'x64'), amd)
  t.equal(platformFor([windows, arm, amd], 'arm64'), arm)
  const any = of()
  t.equal(platformFor([any], 'x64'), any)
  for (const manifests of [[windows], [arm], [of(), of()], []]) {
    t.throws(() => platformFor(manifests, 'x64'), { code: 'not-found' })
  }
})

t.test('registries in config.yaml', async t => {
  const plain = { credentials: undefined, realm: undefined, redirects: [], offline: false }
  t.strictSame(parseOciUpstreams({ 'r.test': 'https://r.test' }), {
    'r.test': { ...plain, url: 'https://r.test/' }
  })
  const realm = 'https://auth.test/token'
  const full = {
    url: 'http://r.test/x',
    username: 'me',
    password: 'p',
    realm,
    redirects: ['h'],
    offline: true
  }
  t.strictSame(parseOciUpstreams({ r: full }), {
    r: {
      url: 'http://r.test/x/',
      credentials: { username: 'me', password: 'p' },
      realm,
      redirects: ['h'],
      offline: true
    }
  })
  const url = 'https://r.test/'
  const wrong: unknown[] = [
    null,
    [],
    'x',
    { R: url },
    { 'a/b': url },
    { a_: url },
    { ['x'.repeat(64)]: url },
    { r: 'ftp://x/' },
    { r: 'https://me:p@r.test/' },
    { r: `${url}?a` },
    { r: {} },
    { r: { url, username: 'me' } },
    { r: { url, username: 'a:b', password: 'x' } },
    { r: { url, redirects: 'h' } },
    { r: { url, offline: 'yes' } },
    { r: { url, realm: 'x' } },
    { r: { url, passwort: 'x' } }
  ]
  for (const value of wrong) {
    t.throws(() => parseOciUpstreams(value), SettingError, JSON.stringify(value))
  }
})
