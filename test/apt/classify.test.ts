import t from 'tap'
import { classifyApt } from '../../adapters/apt/classify.ts'

const upstreams = { debian: { name: 'debian', url: 'http://mirror.test/debian/' } }
const classify = (path: string) => classifyApt({ path, headers: {}, upstreams })
const hex = 'ab'.repeat(32)
const binary = 'dists/bookworm/main/binary-amd64'

t.test('what never changes and what does', async t => {
  for (const [path, kind] of [
    ['dists/bookworm/InRelease', 'mutable'],
    ['dists/bookworm/Release', 'mutable'],
    ['dists/bookworm/Release.gpg', 'mutable'],
    [`${binary}/Packages.xz`, 'mutable'],
    ['dists/bookworm/main/installer-amd64/current/images/netboot/netboot.tar.gz', 'mutable'],
    ['dists/bookworm/main/i18n/Translation-en.bz2', 'mutable'],
    [`${binary}/by-hash/SHA256/${hex}`, 'immutable'],
    ['pool/main/h/hello/hello_2.10-3_amd64.deb', 'immutable'],
    ['pool/main/h/hello/hello_2.10-3.dsc', 'immutable'],
    ['pool/updates/main/h/hello/hello_2.10.orig.tar.xz', 'immutable'],
    ['amd64/flat_1_amd64.deb', 'immutable'],
    ['Packages.gz', 'mutable']
  ] as const) {
    t.equal(classify(`debian/${path}`)?.freshness.kind, kind, path)
  }
})

t.test('keys are normalised, URLs are encoded', async t => {
  const wanted = classify('debian//pool/main/g/g++/./x'.replace('/./', '/'))
  t.equal(wanted?.key, 'apt/debian/pool/main/g/g++/x')
  t.equal(wanted?.url, 'http://mirror.test/debian/pool/main/g/g%2B%2B/x')
  t.equal(classify('debian/pool/ä b?#')?.url, 'http://mirror.test/debian/pool/%C3%A4%20b%3F%23')
})

t.test('by-hash names its digest, whatever the case', async t => {
  t.equal(classify(`debian/${binary}/by-hash/SHA256/${hex.toUpperCase()}`)?.digest, `sha256:${hex}`)
  t.equal(classify(`debian/x/by-hash/MD5Sum/${'0'.repeat(32)}`)?.digest, `md5:${'0'.repeat(32)}`)
  t.equal(classify(`debian/x/by-hash/CRC32/${hex}`)?.digest, undefined)
  t.throws(() => classify('debian/x/by-hash/SHA256/short'), { code: 'invalid' })
  t.throws(() => classify(`debian/x/by-hash/SHA256/${'g'.repeat(64)}`), { code: 'invalid' })
})

t.test('all forms of one Packages are one document', async t => {
  const document = `apt/debian/${binary}/Packages`
  for (const name of ['Packages', 'Packages.gz', 'Packages.xz', `by-hash/SHA256/${hex}`]) {
    t.equal(classify(`debian/${binary}/${name}`)?.document, document, name)
  }
  t.equal(classify('debian/dists/x/InRelease')?.document, 'apt/debian/dists/x/InRelease')
  t.equal(classify(`debian/dists/x/main/i18n/by-hash/SHA256/${hex}`)?.document, undefined)
  t.equal(classify('debian/pool/x.deb')?.document, undefined)
})

t.test('paths that are none', async t => {
  t.equal(classify('ubuntu/dists/x/InRelease'), undefined, 'no such upstream')
  t.equal(classify('debian'), undefined)
  t.equal(classify(''), undefined)
  t.equal(classify('__proto__/x'), undefined)
  t.equal(classify('constructor/x'), undefined)
  for (const path of ['../etc/passwd', 'dists/../../x', './x', 'a\0b', 'a\\b', 'a\nb']) {
    t.throws(() => classify(`debian/${path}`), { code: 'invalid' }, JSON.stringify(path))
  }
  t.throws(() => classify(`debian/${'x'.repeat(256)}`), { code: 'name-too-long' })
})
