import { gzipSync } from 'node:zlib'
import t from 'tap'
import { compareVersions } from '../../adapters/apt/closure/compare-versions.ts'
import { type PackageEntry, readPackages } from '../../adapters/apt/closure/read-packages.ts'
import { resolvePackages } from '../../adapters/apt/closure/resolve.ts'

t.test('versions are ordered as dpkg orders them', async t => {
  for (const [older, newer] of [
    ['1.0', '1.1'],
    ['1.9', '1.10'],
    ['1.0~rc1', '1.0'],
    ['1.0~~', '1.0~'],
    ['1.0', '1.0a'],
    ['1.0a', '1.0+b'],
    ['1.0-1', '1.0-2'],
    ['1.0-1', '1.0-1+deb12u1'],
    ['1.0-1~bpo12+1', '1.0-1'],
    ['9.9', '1:0.1'],
    ['2:1', '10:1'],
    ['1.0', '1.0-1'],
    ['1.2-3-1', '1.2-3-2'],
    ['0', '0.1']
  ] as const) {
    t.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`)
    t.ok(compareVersions(newer, older) > 0, `${newer} > ${older}`)
  }
  t.equal(compareVersions('1.0-01', '1.0-1'), 0)
})

async function read(text: string): Promise<PackageEntry[]> {
  const pieces = async function* () {
    yield gzipSync(text)
  }
  const entries: PackageEntry[] = []
  for await (const entry of readPackages(pieces())) entries.push(entry)
  return entries
}

const stanza = (name: string, version: string, more = '') =>
  `Package: ${name}\nVersion: ${version}\nFilename: pool/${name}_${version}.deb\n${more}Description: x\n folded: text\n\n`

const index =
  stanza('app', '1', 'Depends: lib (>= 1) | other, mail-agent, tool:any\nPre-Depends: base\n') +
  stanza('lib', '1') +
  stanza('lib', '2', 'Depends: app\n') +
  stanza('exim', '4', 'Provides: mail-agent (= 4), smtp\n') +
  stanza('tool', '1', 'Depends: not-there\n') +
  stanza('base', '1') +
  'Package: torn\nVersion: 1\n'

t.test('a package comes with what it needs, in the newest versions', async t => {
  const candidates = (await read(index)).map(each => ({ ...each, base: 'b/' }))
  const names = (wanted: string[]) =>
    resolvePackages(wanted, candidates)
      .map(({ name, version }) => `${name}=${version}`)
      .sort()
  t.strictSame(names(['app']), ['app=1', 'base=1', 'exim=4', 'lib=2', 'tool=1'])
  t.strictSame(names(['lib=1']), ['lib=1'])
  t.strictSame(names(['smtp']), ['exim=4'])
  t.throws(() => names(['torn']), { code: 'not-found', message: /names torn/ })
  t.throws(() => names(['lib=9']), { code: 'not-found' })
})
