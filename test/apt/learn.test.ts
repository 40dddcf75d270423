import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { learnApt } from '../../adapters/apt/learn.ts'
import type { Learned } from '../../src/pull/adapter.ts'
import { requireClient } from '../lib/skip.ts'
import { xzSync } from '../lib/xz.ts'

const hex = (digit: string): string => digit.repeat(64)
const releaseKey = 'apt/d/dists/x/InRelease'
const packagesKey = 'apt/d/dists/x/main/binary-amd64/Packages.xz'

async function learn(key: string, document: Uint8Array | string, piece = 7): Promise<Learned[]> {
  const bytes = Buffer.from(document)
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
  }
  const learnt: Learned[] = []
  for await (const each of learnApt({ key, url: '' }, pieces())) learnt.push(each)
  return learnt
}

const release = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Origin: Debian
MD5Sum:
 ${'0'.repeat(32)} 10 main/binary-amd64/Packages
SHA256:
 ${hex('a')} 10 main/binary-amd64/Packages
 ${hex('B')}       20 main/binary-amd64/Packages.xz
Acquire-By-Hash: yes
-----BEGIN PGP SIGNATURE-----

 ${hex('c')} 30 not/in/the/list
`

t.test('a Release names files by path and by hash', async t => {
  const folder = 'apt/d/dists/x/main/binary-amd64'
  t.same(await learn(releaseKey, release), [
    { key: `${folder}/Packages`, digest: `sha256:${hex('a')}`, bytes: 10 },
    { key: `${folder}/by-hash/SHA256/${hex('a')}`, digest: `sha256:${hex('a')}`, bytes: 10 },
    { key: `${folder}/Packages.xz`, digest: `sha256:${hex('b')}`, bytes: 20 },
    { key: `${folder}/by-hash/SHA256/${hex('b')}`, digest: `sha256:${hex('b')}`, bytes: 20 }
  ])
})

const packages = `Package: hello
Description: says "Filename: no"
 SHA256: ${hex('f')}
Filename: pool/main/h/hello_1.deb
Size: 123
SHA256: ${hex('1')}

Package: last without an empty line
Filename: ./pool/l++.deb
SHA256: ${hex('2')}`

const learnt = [
  { key: 'apt/d/pool/main/h/hello_1.deb', digest: `sha256:${hex('1')}`, bytes: 123 },
  { key: 'apt/d/pool/l++.deb', digest: `sha256:${hex('2')}` }
]

t.test('a Packages index names archives from the root of the repository', async t => {
  for (const piece of [1, 7, 100_000]) t.same(await learn(packagesKey, packages, piece), learnt)
  t.same(await learn(packagesKey, packages.replaceAll('\n', '\r\n')), learnt, 'with CRLF')
})

t.test('however it is compressed', async t => {
  t.same(await learn(packagesKey, gzipSync(packages)), learnt)
  t.same(await learn(packagesKey, zstdCompressSync(packages)), learnt)
  if (requireClient(t, 'xz'))
    t.same(await learn(packagesKey, xzSync(Buffer.from(packages))), learnt)
})

t.test('a flat repository is its own root', async t => {
  const flat = 'apt/d/sub/Packages'
  t.equal((await learn(flat, packages))[0]?.key, 'apt/d/sub/pool/main/h/hello_1.deb')
})

t.test('a path that is not ASCII is the one that clients ask for', async t => {
  const text = `Filename: pool/ä_1.deb\nSHA256: ${hex('1')}\n`
  t.equal((await learn(packagesKey, text, 3))[0]?.key, 'apt/d/pool/ä_1.deb')
})

t.test('an upstream may have the name of a folder of repositories', async t => {
  for (const [index, archive] of [
    ['apt/dists/dists/x/main/binary-amd64/Packages', 'apt/dists/pool/main/h/hello_1.deb'],
    ['apt/dists/sub/Packages', 'apt/dists/sub/pool/main/h/hello_1.deb'],
    ['apt/dists/Packages', 'apt/dists/pool/main/h/hello_1.deb'],
    ['apt/by-hash/sub/Packages', 'apt/by-hash/sub/pool/main/h/hello_1.deb'],
    [`apt/d/sub/by-hash/SHA256/${hex('a')}`, 'apt/d/sub/pool/main/h/hello_1.deb']
  ] as const) {
    t.equal((await learn(index, packages))[0]?.key, archive, index)
  }
})

t.test('cut or damaged compressed input is an error, not a short index', async t => {
  const packed: Uint8Array[] = [gzipSync(packages), zstdCompressSync(packages)]
  if (requireClient(t, 'xz')) packed.push(xzSync(Buffer.from(packages)))
  for (const whole of packed) {
    await t.rejects(learn(packagesKey, whole.subarray(0, whole.length - 9)), { code: 'corrupt' })
    const damaged = Buffer.from(whole)
    damaged.fill(0xff, 12, 60)
    await t.rejects(learn(packagesKey, damaged), { code: 'corrupt' })
  }
})

t.test('hostile indexes name nothing outside their repository', async t => {
  for (const path of ['../../other/x.deb', '/etc/passwd', 'pool/../x', 'pool//x', '']) {
    const text = `Filename: ${path}\nSHA256: ${hex('1')}\n\n`
    t.same(await learn(packagesKey, text), [], JSON.stringify(path))
    const line = `SHA256:\n ${hex('1')} 1 ${path}\n`
    t.same(await learn(releaseKey, line), [], JSON.stringify(path))
  }
  t.same(await learn(packagesKey, `Filename: x\nSHA256: short\n\n`), [])
  t.same(await learn(packagesKey, ''), [])
})

t.test('a line without end stays within memory and spoils nothing after it', async t => {
  const long = `Description: ${'x'.repeat(5_000_000)}Filename: no\n${packages}`
  t.same(await learn(packagesKey, long, 65_536), learnt)
})

t.test('an index is left in the middle of its nothing when told to stop', async t => {
  const stop = new AbortController()
  async function* nothing(): AsyncGenerator<Uint8Array> {
    yield gzipSync(Buffer.alloc(64 * 1024, '\n'))
    stop.abort(new Error('enough'))
    yield gzipSync(Buffer.alloc(64 * 1024, '\n'))
  }
  const learning = learnApt({ key: packagesKey, url: '' }, nothing(), stop.signal)
  await t.rejects(learning.next(), { message: 'enough' })
})

t.test('a small document that unpacks to gigabytes is given up', async t => {
  const megabyte = gzipSync(Buffer.alloc(1024 * 1024, '\n'))
  const bomb = Buffer.concat(Array.from({ length: 300 }, () => megabyte))
  await t.rejects(learn('apt/d/dists/s/main/binary-amd64/Packages.gz', bomb, bomb.length), {
    code: 'file-too-large'
  })
})
