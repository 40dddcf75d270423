import t from 'tap'
import { toName } from '../../src/base/names.ts'
import type { Entry } from '../lib/oci-layer.ts'
import { until } from '../lib/pull-world.ts'
import { key, openShop, waitsFor, wantOf } from './image-shop.ts'

const lower: Entry[] = [
  ['usr/'],
  ['usr/lib/'],
  ['usr/lib/libc.so', 'libc '.repeat(1000)],
  ['usr/lib/libm.so', 'libm'],
  ['usr/lib/empty', ''],
  ['lib', { to: 'usr/lib' }],
  ['gone', 'x'],
  ['etc/'],
  ['etc/passwd', 'root', { mode: 0o600, uid: 5 }]
]
const upper: Entry[] = [
  ['bin/'],
  ['bin/program', 'program'],
  ['bin/same', { hard: 'bin/program' }],
  ['.wh.gone']
]

type Shop = Awaited<ReturnType<typeof openShop>>

/** What a path holds, with all that a door would fetch to tell it; the wants in their order. */
async function readThrough({ at, tree, images }: Shop, path: string) {
  const wants: string[] = []
  for (;;) {
    const want = wantOf(() => {
      const bytes = Buffer.alloc(8)
      const { ino } = at(path)
      return { text: bytes.toString('utf8', 0, tree.read(ino, bytes, 0)) }
    }) as { id?: string; text?: string }
    if (want.id === undefined) return { text: want.text, wants }
    wants.push(want.id.replace(` ${key}`, ''))
    await images.settled(want.id)
  }
}

t.test('names are known by the indexes, bytes of files come when they are looked at', async t => {
  const shop = await openShop(t, [lower, upper], { chunkBytes: 700 })
  const { images, gates, ranged, at, list, elsewhere } = shop
  await images.begin(key)
  await images.settled(`0 ${key}`)
  t.throws(() => at('etc/ld.so.preload'), { code: 'not-found' }, 'a name that no layer has')
  t.throws(() => at('gone'), { code: 'not-found' }, 'what an upper layer took away')
  t.equal(at('lib').mode & 0o170000, 0o120000, 'a symlink is here')
  t.equal(at('usr/lib/empty').size, 0)
  t.equal(at('usr').mode, 0o040755)
  const before = ranged.layers.length
  t.strictSame(
    wantOf(() => at('usr/lib/libc.so')),
    waitsFor('0/2')
  )
  t.match(await readThrough(shop, 'usr/lib/libc.so'), { text: 'libc lib', wants: ['0/2'] })
  t.match(await readThrough(shop, 'bin/program'), { text: 'program', wants: ['1/1'] })
  t.match(await readThrough(shop, 'bin/same'), { text: 'program', wants: [] }, 'a hard link')
  t.equal(at('bin/same').ino, at('bin/program').ino)
  t.strictSame(ranged.layers.slice(before), [0, 1], 'one request for each file')
  const names = () => list('usr/lib').map(({ name, cookie }) => [cookie, name])
  const listed = names()
  t.strictSame(listed.map(([, name]) => name).sort(), ['empty', 'libc.so', 'libm.so'])
  t.ok(list('').some(({ name }) => name === 'stargz.index.json'))
  t.strictSame(ranged.layers.slice(before), [0, 1], 'a listing brings no file')
  t.strictSame(
    wantOf(() => at('stargz.index.json')),
    waitsFor('1/whole')
  )
  const early = ['usr', 'usr/lib/libc.so', 'bin', 'bin/program', 'lib'].map(path => at(path))
  for (const gate of gates) gate.resolve()
  await images.unpack(key)
  const late = ['usr', 'usr/lib/libc.so', 'bin', 'bin/program', 'lib'].map(path => at(path))
  t.strictSame(late, early, 'and when the layers are here it is the same')
  t.match(at('etc/passwd', elsewhere), { mode: 0o100600, uid: 5, size: 4 })
  t.strictSame(
    list('usr/lib')
      .map(({ name }) => name)
      .sort(),
    ['empty', 'libc.so', 'libm.so']
  )
})

t.test('many who look at a file are one request', async t => {
  const shop = await openShop(t, [lower], {})
  await shop.images.begin(key)
  const before = shop.ranged.layers.length
  const all = await Promise.all(
    Array.from({ length: 20 }, () => readThrough(shop, 'usr/lib/libm.so'))
  )
  t.strictSame(new Set(all.map(({ text }) => text)), new Set(['libm']))
  t.equal(shop.ranged.layers.length, before + 1)
})

t.test('a file that cannot be had alone comes with its layer', async t => {
  const shop = await openShop(t, [lower], {})
  await shop.images.begin(key)
  shop.ranged.fails = true
  const read = readThrough(shop, 'usr/lib/libm.so')
  await until(() => shop.ranged.layers.length === 2)
  shop.gates[0]!.resolve()
  t.match(await read, { text: 'libm' })
})

t.test('an index that cannot be had, or is none: the layers tell', async t => {
  for (const stargz of [
    { edit: (toc: { entries: unknown }) => Object.assign(toc, { entries: 7 }) },
    {
      edit: ({ entries }: { entries: object[] }) =>
        void entries.push({ name: 'hard', type: 'hardlink', linkName: 'none' })
    }
  ]) {
    const shop = await openShop(t, [lower], stargz)
    const begun = shop.images.begin(key)
    shop.gates[0]!.resolve()
    await begun
    t.match(await readThrough(shop, 'etc/passwd'), { text: 'root' })
  }
})

t.test('a layer that is not what its index said is told, and unpacked without it next', async t => {
  const edits: Array<[string, (file: Record<string, unknown>) => void]> = [
    ['another name', file => Object.assign(file, { name: 'usr/lib/other' })],
    ['another kind', file => Object.assign(file, { type: 'dir' })],
    ['less', file => Object.assign(file, { name: 'usr/lib/.wh.libm.so' })]
  ]
  for (const [name, edit] of edits) {
    const stargz = {
      edit: ({ entries }: { entries: Array<Record<string, unknown>> }) =>
        edit(entries.find(each => each.name === 'usr/lib/libm.so')!)
    }
    const shop = await openShop(t, [lower], stargz)
    await shop.images.begin(key)
    shop.gates[0]!.resolve()
    await t.rejects(shop.images.unpack(key), { code: 'corrupt' }, name)
    await shop.images.unpack(key)
    t.match(await readThrough(shop, 'usr/lib/libm.so'), { text: 'libm' })
  }
})

t.test('bytes that an index vouches for and its layer has not: the image is refused', async t => {
  const shop = await openShop(t, [lower], {
    // Another file's chunk, rightly named by its digest.
    edit: ({ entries }) => {
      const named = (name: string) => entries.find(each => each.name === name)!
      const { offset, chunkSize, chunkDigest, size } = named('usr/lib/libm.so')
      Object.assign(named('etc/passwd'), { offset, chunkSize, chunkDigest, size })
    }
  })
  await shop.images.begin(key)
  t.match(await readThrough(shop, 'etc/passwd'), { text: 'libm' })
  shop.gates[0]!.resolve()
  await t.rejects(shop.images.unpack(key), { code: 'corrupt' })
  await shop.images.unpack(key)
  t.match(await readThrough(shop, 'etc/passwd'), { text: 'root' })
})

t.test('metadata that an index has otherwise stay as they were shown', async t => {
  const shop = await openShop(t, [lower], {
    edit: ({ entries }) => {
      Object.assign(entries.find(each => each.name === 'etc/passwd')!, { mode: 0o640, uid: 9 })
    }
  })
  await shop.images.begin(key)
  await readThrough(shop, 'etc/passwd')
  const early = shop.at('etc/passwd')
  t.match(early, { mode: 0o100640, uid: 9 })
  shop.gates[0]!.resolve()
  await shop.images.unpack(key)
  t.strictSame(shop.at('etc/passwd'), early)
  t.equal(shop.tree.lookup(shop.at('etc').ino, toName('passwd')).ino, early.ino)
})

t.test('layers leave the way to who asks for files, until one is wanted whole', async t => {
  const never = 1_000_000
  const shop = await openShop(t, [lower, upper], {}, never)
  const { images, gates, asked } = shop
  await images.begin(key)
  t.match(await readThrough(shop, 'bin/program'), { text: 'program' })
  t.strictSame(asked, [], 'no layer is fetched')
  for (const gate of gates) gate.resolve()
  const read = readThrough(shop, 'stargz.index.json')
  t.match((await read).wants, ['1/whole'])
  await images.unpack(key)
  t.strictSame(asked, [1, 0], 'but when an index is not enough')
})

t.test('layers come when a file cannot be had alone', async t => {
  const shop = await openShop(t, [lower, upper], {}, 1_000_000)
  await shop.images.begin(key)
  shop.ranged.fails = true
  for (const gate of shop.gates) gate.resolve()
  t.match(await readThrough(shop, 'usr/lib/libm.so'), { text: 'libm' })
  t.strictSame(shop.asked, [1, 0])
})

t.test('layers come when no file was asked for during a while', async t => {
  const shop = await openShop(t, [lower], {}, 1)
  const begun = shop.images.begin(key)
  shop.gates[0]!.resolve()
  await begun
  await shop.images.unpack(key)
  t.strictSame(shop.asked, [0])
})
