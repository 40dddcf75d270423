import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeCid } from '../../src/base/blocks.ts'
import { digestOf } from '../../src/base/digest.ts'
import { openPackages } from '../../src/pull/registry/packages.ts'
import { openRepositories } from '../../src/pull/registry/repositories.ts'
import { profiles } from '../../src/unixfs/profiles.ts'
import { openUnixfsWriter } from '../../src/unixfs/writer.ts'
import {
  addPackage,
  type BundleHome,
  exportFrom,
  importTo,
  makeHome,
  scratch
} from './bundle-home.ts'

const tables = [
  ...['catalog_hosted', 'registry_repositories', 'registry_blobs', 'registry_manifests'],
  ...['registry_tags', 'registry_packages', 'registry_tarballs']
]
const digest = (text: string) => digestOf('sha256', Buffer.from(text))

/** A home that things are published in; `time.nowMs` is what its clock shows. */
function publisher(t: Test) {
  const home = makeHome(t)
  const time = { nowMs: 1000 }
  const writer = openUnixfsWriter(home.store, profiles['unixfs-v1-2025'])
  const options = { ...home, blocks: home.store, writer, clock: { nowMs: () => time.nowMs } }
  const [packages, repositories] = [openPackages(options), openRepositories(options)]
  return {
    ...home,
    time,
    packages,
    repositories,
    publish: (name: string, revision: number, files: Readonly<Record<string, string>>) =>
      packages.change(name, {
        revision,
        document: Buffer.from(JSON.stringify({ name, files })),
        added: Object.entries(files).map(([file, text]) => ({ file, bytes: Buffer.from(text) })),
        removed: []
      }),
    push: (name: string, tag: string, text: string) => {
      const builder = writer.file()
      builder.write(Buffer.from(`layer of ${text}`))
      const node = builder.finish()
      const cid = makeCid(node.codec, node.multihash, node.cidVersion)
      repositories.addBlob(name, digest(`layer of ${text}`), { cid, bytes: node.fileBytes })
      const facts = {
        mediaType: 'a/b',
        subject: undefined,
        artifactType: undefined,
        annotations: { of: text }
      }
      repositories.addManifest(name, Buffer.from(text), { ...facts, digest: digest(text) }, tag)
    }
  }
}

const rowsOf = ({ database }: BundleHome) =>
  Object.fromEntries(
    tables.map(table => [table, database.statement(`SELECT * FROM ${table}`).all()])
  )

async function carry(t: Test, from: BundleHome, to: BundleHome, packages = ['']) {
  const folder = join(scratch(t), 'bundle')
  await exportFrom(from, folder, { packages })
  return await importTo(to, folder)
}

t.test(
  'what was published and pushed here is so on the other side, with all its bytes',
  async t => {
    const from = publisher(t)
    from.publish('@ours/hats', 0, { 'hats-1.0.0.tgz': 'hats' })
    from.push('team/app', 'v1', 'an image')
    addPackage(from, 'apt/local/pool/hello.deb', 'a deb')
    from.catalog.host('apt/local', 1000)
    const to = makeHome(t)
    const report = await carry(t, from, to)
    t.strictSame(report.packages, { taken: 8, older: 0 })
    t.strictSame(rowsOf(to), rowsOf(from))
    for (const table of [
      'registry_blobs',
      'registry_manifests',
      'registry_packages',
      'registry_tarballs'
    ]) {
      for (const { digest, bytes } of rowsOf(to)[table] ?? []) t.ok(digest && bytes, table)
    }
    const again = await carry(t, from, to)
    t.strictSame(again.packages, { taken: 0, older: 8 }, 'a second time changes nothing')
  }
)

t.test('a part is carried alone', async t => {
  const from = publisher(t)
  from.publish('@ours/hats', 0, { 'hats-1.0.0.tgz': 'hats' })
  from.publish('@ours/shoes', 0, { 'shoes-1.0.0.tgz': 'shoes' })
  from.push('team/app', 'v1', 'an image')
  const to = makeHome(t)
  await carry(t, from, to, ['npm/@ours/hats'])
  const { registry_packages: packages, registry_tarballs: files, registry_tags: tags } = rowsOf(to)
  t.match(packages, [{ name: '@ours/hats' }])
  t.match(files, [{ package: '@ours/hats' }])
  t.strictSame([packages?.length, files?.length, tags?.length], [1, 1, 0])
})

t.test('what is newer here stays, and no version becomes another', async t => {
  const [from, to] = [publisher(t), publisher(t)]
  from.publish('hats', 0, { 'hats-1.0.0.tgz': 'theirs' })
  from.publish('hats', 1, { 'hats-1.1.0.tgz': 'theirs' })
  to.publish('hats', 0, { 'hats-1.0.0.tgz': 'ours' })
  from.push('team/app', 'latest', 'older')
  to.time.nowMs = 2000
  to.push('team/app', 'latest', 'newer')
  await carry(t, from, to)
  t.equal(to.packages.tarball('hats', 'hats-1.0.0.tgz')?.digest, digest('ours'))
  t.equal(to.packages.document('hats')?.revision, 1)
  t.equal(to.repositories.manifest('team/app', { tag: 'latest' })?.digest, digest('newer'))
  t.ok(to.repositories.manifest('team/app', { digest: digest('older') }), 'it is there too')
  from.time.nowMs = 3000
  from.push('team/app', 'latest', 'newest')
  await carry(t, from, to)
  t.equal(to.repositories.manifest('team/app', { tag: 'latest' })?.digest, digest('newest'))
  const fresh = makeHome(t)
  await carry(t, from, fresh)
  from.publish('hats', 2, { 'hats-1.2.0.tgz': 'theirs' })
  await carry(t, from, fresh)
  t.equal(rowsOf(fresh).registry_tarballs?.length, 3, 'a package that was changed since')
})

t.test('rows of a hostile bundle are refused, and nothing is taken', async t => {
  const from = publisher(t)
  from.publish('hats', 0, { 'hats-1.0.0.tgz': 'hats' })
  from.push('team/app', 'v1', 'an image')
  const changes: ReadonlyArray<readonly [string, string]> = [
    ['"table":"registry_tarballs"', '"table":"name_keys"'],
    ['"table":"registry_tarballs"', '"table":"constructor"'],
    ['"package":"hats"', '"package":"../hats\\u0000"'],
    ['"package":"hats"', '"package":""'],
    ['"revision":1', '"revision":-1'],
    ['"revision":1', '"revision":"1"'],
    ['"tag":"v1"', '"tag":null'],
    [digest('hats'), digest('others')],
    [`"digest":"${digest('an image')}"`, '"digest":"md5:00"'],
    ['"bytes":4', '"bytes":5'],
    ['"row":{', '"row":[{']
  ]
  for (const [before, after] of changes) {
    const folder = join(scratch(t), 'bundle')
    await exportFrom(from, folder, { packages: [''] })
    const lines = readFileSync(join(folder, 'catalog.jsonl'), 'utf8')
    t.ok(lines.includes(before), before)
    const changed = Buffer.from(lines.replaceAll(before, after))
    writeFileSync(join(folder, 'catalog.jsonl'), changed)
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))
    const sha256 = digestOf('sha256', changed).slice(7)
    Object.assign(index.catalog, { bytes: changed.byteLength, sha256 })
    writeFileSync(join(folder, 'index.json'), JSON.stringify(index))
    const to = makeHome(t)
    await t.rejects(importTo(to, folder), { code: /invalid|mismatch/ }, after)
    t.strictSame(rowsOf(to), rowsOf(makeHome(t)), 'nothing')
    to.close()
  }
})
