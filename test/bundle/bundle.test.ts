import {
  createReadStream,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { CarBlockIterator } from '@ipld/car'
import type { CID } from 'multiformats/cid'
import t, { type Test } from 'tap'
import { toName } from '../../src/base/names.ts'
import { readIndex } from '../../src/bundle/bundle-index.ts'
import {
  addFiles,
  addPackage,
  type BundleHome,
  exportFrom,
  importTo,
  makeHome,
  nameOf,
  scratch
} from './bundle-home.ts'

const still = { path: undefined, lifetimeMs: 172_800_000, settle: false }
const rootOf = (cid: CID) => ({ label: '/mfs/site', cid: cid.toString() })
const many = (count: number, text = '') =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`f${index}`, `${text} ${index}`.repeat(200)])
  )

/** A bundle of a folder, a name and two packages. */
async function bundled(t: Test) {
  const from = makeHome(t)
  const folder = join(scratch(t), 'bundle')
  const site = addFiles(from, many(50))
  from.names.keys.create('blog')
  from.names.publish('blog', { ...still, cid: addFiles(from, { page: 'hello' }) })
  addPackage(from, 'apt/debian/pool/a.deb', 'a package')
  addPackage(from, 'npm/left/pad.tgz', 'another')
  const name = nameOf(from, 'blog')
  await exportFrom(from, folder, { roots: [rootOf(site)], names: [name], packages: [''] })
  return { from, folder, site, name }
}

function nothingTaken(t: Test, { roots, names, catalog }: BundleHome, what: string) {
  t.strictSame(roots.pins(), [], what)
  t.strictSame(names.follows(), [], what)
  t.strictSame([...catalog.items('')], [], what)
}

t.test('what is no bundle, or not all of one, is refused, and nothing is taken', async t => {
  const { folder, from } = await bundled(t)
  const to = makeHome(t)
  await t.rejects(importTo(to, join(folder, 'none')), { code: 'not-found' })
  await t.rejects(exportFrom(from, folder, {}), { code: 'exists' }, 'no bundle is written over')
  const car = join(folder, 'part-0001.car')
  const whole = readFileSync(car)
  for (const length of [0, 1, 30, 100, whole.byteLength - 1]) {
    truncateSync(car, length)
    await t.rejects(
      importTo(to, folder),
      { code: 'corrupt', message: /part-0001\.car/ },
      `cut to ${length}`
    )
    writeFileSync(car, whole)
  }
  writeFileSync(
    join(folder, 'index.json'),
    readFileSync(join(folder, 'index.json'), 'utf8').slice(0, -9)
  )
  await t.rejects(importTo(to, folder), { code: 'invalid' })
  nothingTaken(t, to, 'none of it')
})

t.test('a byte changed in a CAR or the catalog is found, and named', async t => {
  const { folder } = await bundled(t)
  const car = join(folder, 'part-0001.car')
  const whole = readFileSync(car)
  const changing = makeHome(t)
  for (let at = 0; at < whole.byteLength; at += at < 3000 ? 61 : 977) {
    const changed = Buffer.from(whole)
    changed[at] = (changed[at] ?? 0) ^ 0x20
    writeFileSync(car, changed)
    const error = await importTo(changing, folder).then(
      () => undefined,
      cause => cause as { code: string; message: string }
    )
    t.match(error?.message, /part-0001\.car/, `byte ${at}: ${error?.message}`)
    t.match(error?.code, /^(corrupt|mismatch|unsupported|invalid)$/)
    nothingTaken(t, changing, `byte ${at}`)
  }
  writeFileSync(car, whole)
  const catalog = join(folder, 'catalog.jsonl')
  const text = readFileSync(catalog, 'utf8')
  const to = makeHome(t)
  const index = join(folder, 'index.json')
  const right = JSON.parse(readFileSync(index, 'utf8'))
  for (const [what, changed, code] of [
    ['another key', text.replace('debian', 'debiaN'), 'corrupt'],
    ['no JSON', text.replace('{', '['), 'invalid'],
    ['a key of nobody', text.replace('apt/', 'etc/'), 'invalid'],
    ['a digest that is none', text.replace('sha256:', 'sha257:'), 'invalid'],
    ['a line without end', text.replace('{', `{${' '.repeat(3_000_000)}`), 'invalid']
  ] as const) {
    writeFileSync(catalog, changed)
    const bytes = Buffer.byteLength(changed)
    writeFileSync(index, JSON.stringify({ ...right, catalog: { ...right.catalog, bytes } }))
    await t.rejects(importTo(to, folder), { code, message: /catalog\.jsonl/ }, what)
    nothingTaken(t, to, what)
  }
})

t.test('an index that lies is refused', async t => {
  const { folder, site } = await bundled(t)
  const path = join(folder, 'index.json')
  const right = JSON.parse(readFileSync(path, 'utf8'))
  const [car] = right.cars
  const [name] = right.names
  const to = makeHome(t)
  for (const [what, index, code] of [
    ['a file outside', { ...right, cars: [{ ...car, file: '../part-0001.car' }] }, 'invalid'],
    ['an absolute file', { ...right, cars: [{ ...car, file: '/etc/passwd' }] }, 'invalid'],
    ['a version to come', { ...right, version: 2 }, 'invalid'],
    ['no list', { ...right, roots: 'x' }, 'invalid'],
    ['a root that is no CID', { ...right, roots: [{ label: 'x', cid: 'x' }] }, 'invalid'],
    ['a length below zero', { ...right, cars: [{ ...car, bytes: -1 }] }, 'invalid'],
    ['a CAR that is not there', { ...right, cars: [{ ...car, file: 'part-0009.car' }] }, 'corrupt'],
    ['no CARs', { ...right, cars: [] }, 'missing'],
    ['a name that is no key', { ...right, names: [{ ...name, name: 'blog' }] }, 'invalid'],
    ['a name at another CID', { ...right, names: [{ ...name, cid: site.toString() }] }, 'mismatch'],
    ['a record of another key', { ...right, names: [{ ...name, record: 'AAAA' }] }, 'invalid']
  ] as const) {
    writeFileSync(path, JSON.stringify(index))
    await t.rejects(importTo(to, folder), { code }, what)
    nothingTaken(t, to, what)
  }
})

t.test('content, names and packages arrive, and a second time change nothing', async t => {
  const { folder, site, name, from } = await bundled(t)
  const to = makeHome(t)
  const report = await importTo(to, folder)
  t.match(report, {
    names: [{ name: name.name, outcome: 'newer' }],
    packages: { taken: 2, older: 0 }
  })
  t.equal(report.newBlocks, report.blocks)
  t.match(to.roots.pins(), [{ cid: site, label: 'bundle /mfs/site' }])
  t.match(to.names.find(name.name), { stale: false, place: { kind: 'cid' } })
  t.equal(to.names.find(name.name)?.place.cid?.toString(), name.cid)
  t.strictSame(
    [...to.catalog.items('')].map(({ key, cid }) => [key, cid.toString()]),
    [...from.catalog.items('')].map(({ key, cid }) => [key, cid.toString()])
  )
  const again = await importTo(to, folder)
  t.match(again, { newBlocks: 0, names: [{ outcome: 'same' }], packages: { taken: 0, older: 2 } })
})

t.test('only what the other side lacks is written', async t => {
  const from = makeHome(t)
  const first = addFiles(from, many(400))
  const second = addFiles(from, { ...many(400), f7: 'changed', new: 'file' })
  const folder = scratch(t)
  const sizeOf = (name: string) =>
    readdirSync(join(folder, name)).reduce(
      (sum, file) => sum + statSync(join(folder, name, file)).size,
      0
    )
  await exportFrom(from, join(folder, 'whole'), { roots: [rootOf(first)] })
  await exportFrom(from, join(folder, 'since'), { roots: [rootOf(second)], have: [first] })
  t.ok(sizeOf('since') * 5 < sizeOf('whole'), `${sizeOf('since')} of ${sizeOf('whole')}`)
  const { holds } = readIndex(join(folder, 'since'))
  t.strictSame(
    [...holds].toSorted(),
    [first, second].map(String).toSorted(),
    'what it has afterwards'
  )
  const to = makeHome(t)
  const refused = importTo(to, join(folder, 'since'))
  await t.rejects(refused, { code: 'missing', message: /a machine that has more/ })
  nothingTaken(t, to, 'it lacks the first')
  await importTo(to, join(folder, 'whole'))
  await importTo(to, join(folder, 'since'))
  t.equal(to.roots.pins().length, 2)
})

t.test('files are as long as was asked for, and CARs as everybody reads them', async t => {
  const from = makeHome(t)
  const root = addFiles(from, many(300, 'long'))
  const folder = join(scratch(t), 'bundle')
  const { cars } = await exportFrom(from, folder, { roots: [rootOf(root)], splitBytes: 60_000 })
  t.ok(cars.length > 3)
  const found: string[] = []
  for (const { file, bytes } of cars) {
    t.ok(bytes <= 60_000 && statSync(join(folder, file)).size === bytes, file)
    const blocks = await CarBlockIterator.fromIterable(createReadStream(join(folder, file)))
    t.strictSame((await blocks.getRoots()).map(String), [root.toString()])
    for await (const { cid } of blocks) found.push(cid.toString())
  }
  t.equal(found.length, new Set(found).size, 'each block once')
  t.equal(found.length, [...from.reader.walk(root)].length)
  t.notOk(readdirSync(folder).some(file => file.endsWith('.part')))
})

t.test(
  'older records and older packages take no place; a late record is taken, and stale',
  async t => {
    const from = makeHome(t)
    const folder = scratch(t)
    from.names.keys.create('blog')
    const short = { ...still, lifetimeMs: 1 }
    from.names.publish('blog', { ...short, cid: addFiles(from, { page: 'one' }) })
    addPackage(from, 'npm/pad', 'one', 1000)
    const first = nameOf(from, 'blog')
    await exportFrom(from, join(folder, 'one'), { names: [first], packages: ['npm'] })
    from.names.publish('blog', { ...short, cid: addFiles(from, { page: 'two' }) })
    addPackage(from, 'npm/pad', 'two!', 2000)
    const second = nameOf(from, 'blog')
    await exportFrom(from, join(folder, 'two'), { names: [second], packages: ['npm/pad'] })
    const to = makeHome(t)
    await importTo(to, join(folder, 'two'))
    while (Date.now() <= (to.names.record(first.name)?.endMs ?? 0));
    t.match(to.names.find(first.name), { stale: true })
    t.match(await importTo(to, join(folder, 'one')), {
      names: [{ outcome: 'older' }],
      packages: { taken: 0, older: 1 }
    })
    t.equal(to.names.find(first.name)?.place.cid?.toString(), second.cid)
    t.equal(to.catalog.get('npm/pad')?.bytes, 4)
  }
)

t.test('what is not here is not exported, and leaves no bundle', async t => {
  const from = makeHome(t)
  const other = makeHome(t)
  const folder = join(scratch(t), 'bundle')
  const cid = addFiles(other, { page: 'elsewhere' })
  await t.rejects(exportFrom(from, folder, { roots: [rootOf(cid)] }), { code: 'missing' })
  t.notOk(existsSync(join(folder, 'index.json')))
  await t.rejects(exportFrom(from, folder, { packages: ['apt'] }), { code: 'not-found' })
  const here = addFiles(from, { page: 'here' })
  await exportFrom(from, folder, { roots: [rootOf(here)] })
  t.match(
    await importTo(other, folder),
    { roots: [{ cid: here.toString() }] },
    'what broke off is written over'
  )
})

t.test('a file longer than what is read at a time arrives as it was', async t => {
  const from = makeHome(t)
  const text = Array.from(
    { length: 400_000 },
    (_, index) => `line ${index} of many, none like another\n`
  ).join('')
  const root = addFiles(from, { long: text })
  const folder = join(scratch(t), 'bundle')
  await exportFrom(from, folder, { roots: [rootOf(root)] })
  const to = makeHome(t)
  const { bytes, blocks } = await importTo(to, folder)
  t.ok(bytes > 12 << 20 && blocks > 12)
  const link = to.reader.lookup(root.code, root.multihash.bytes, toName('long'))
  const read = Buffer.alloc(text.length + 1)
  t.equal(
    to.reader.readFile(link?.codec ?? 0, link?.multihash ?? new Uint8Array(0), read, 0),
    text.length
  )
  t.ok(read.toString('latin1', 0, text.length) === text)
})

t.test('an entry of the future is one of now: what is asked for after it counts', async t => {
  const from = makeHome(t)
  const nowMs = Date.UTC(2026, 10, 21)
  const future = nowMs + 3_650 * 86_400_000
  addPackage(from, 'npm/pad', 'of the future', future)
  const folder = join(scratch(t), 'bundle')
  await exportFrom(from, folder, { packages: ['npm'] })
  const to = makeHome(t)
  await importTo(to, folder, { nowMs: () => nowMs })
  const { storedMs, validatedMs, usedMs } = to.catalog.get('npm/pad') ?? {}
  t.strictSame([storedMs, validatedMs, usedMs], [nowMs, nowMs, nowMs])
  const later = makeHome(t)
  addPackage(later, 'npm/pad', 'newer', nowMs + 1000)
  const second = join(scratch(t), 'bundle')
  await exportFrom(later, second, { packages: ['npm'] })
  const report = await importTo(to, second, { nowMs: () => nowMs + 2000 })
  t.match(report.packages, { taken: 1, older: 0 })
  t.equal(to.catalog.get('npm/pad')?.bytes, 'newer'.length)
})
