import t from 'tap'
import { CairnError } from '../../src/base/errors.ts'
import type { Entry } from '../lib/oci-layer.ts'
import { key, openShop, waitsFor, wantOf } from './image-shop.ts'

t.test(
  'what the layers that are here decide is answered, all else waits for one layer',
  async t => {
    const { images, gates, asked, tree, at, list } = await openShop(t, [
      [['bin/'], ['bin/old', 'x'], ['bin/sh', 'lower'], ['etc/'], ['etc/a', '1'], ['var/']],
      [['etc/'], ['etc/.wh.a'], ['opt/'], ['opt/.wh..wh..opq'], ['opt/p', 'p']],
      [['bin/', '', { mode: 0o700, uid: 7, gid: 8 }], ['bin/sh', 'top'], ['.wh.var']]
    ])
    t.strictSame(
      wantOf(() => at('bin')),
      { kind: 'unpacked', id: key }
    )
    const begun = images.begin(key)
    gates[2]!.resolve()
    await begun
    t.strictSame(asked, [2, 1, 0], 'from the top')
    t.match(at('bin'), { mode: 0o040700, uid: 7, gid: 8 })
    const early = at('bin').ino
    const text = Buffer.alloc(3)
    tree.read(at('bin/sh').ino, text, 0)
    t.equal(text.toString(), 'top')
    t.throws(() => at('var'), { code: 'not-found' }, 'a whiteout decides for those below')
    t.throws(() => at('bin/sh/x'), { code: 'not-directory' })
    t.strictSame(
      wantOf(() => at('bin/old')),
      waitsFor(1)
    )
    t.strictSame(
      wantOf(() => at('etc')),
      waitsFor(1)
    )
    t.strictSame(
      wantOf(() => list('bin')),
      waitsFor(1)
    )
    t.throws(() => tree.xattr(early, 'user.cairn.cid'), { code: 'no-attribute' })
    gates[1]!.resolve()
    await images.settled(`1 ${key}`)
    t.throws(() => at('etc/a'), { code: 'not-found' })
    t.strictSame(
      list('opt').map(({ name }) => name),
      ['p'],
      'nothing below an opaque folder can change it'
    )
    t.strictSame(
      wantOf(() => list('etc')),
      waitsFor(0)
    )
    t.strictSame(
      wantOf(() => at('none')),
      waitsFor(0)
    )
    gates[0]!.resolve()
    await images.unpack(key)
    t.equal(images.growing(key), undefined)
    t.strictSame(
      list('bin')
        .map(({ name }) => name)
        .sort(),
      ['old', 'sh']
    )
    t.equal(at('bin').ino, early, 'or the kernel would drop what is mounted there')
  }
)

t.test('what was looked up early is the same when all is here, for every thread', async t => {
  const many = Array.from({ length: 20 }, (_, at): Entry => [`d/${at}/`, '', { mode: 0o750 }])
  const files = Array.from({ length: 20 }, (_, at): Entry => [`d/f${at}`, 'x', { uid: at }])
  const { images, gates, at, list, elsewhere, world } = await openShop(t, [
    [['big', 'x']],
    [['d/', '', { uid: 3 }], ['d/.wh..wh..opq'], ...many, ...files]
  ])
  gates[1]!.resolve()
  await images.begin(key)
  const before = list('d')
  t.equal(before.length, 40)
  const attributes = before.map(({ name }) => at(`d/${name}`))
  const half = list('d', 0, 20)
  t.strictSame(
    wantOf(() => at('d', elsewhere)),
    { kind: 'unpacked', id: key },
    'it cannot know'
  )
  gates[0]!.resolve()
  await images.unpack(key)
  world.store.flush()
  t.strictSame(list('d'), before)
  t.strictSame([...half, ...list('d', half.at(-1)?.cookie)], before, 'a listing goes on')
  t.strictSame(
    before.map(({ name }) => at(`d/${name}`)),
    attributes
  )
  t.strictSame(
    before.map(({ name }) => at(`d/${name}`, elsewhere)),
    attributes
  )
  t.match(elsewhere.xattr(at('d').ino, 'user.cairn.cid').toString(), /./)
})

t.test('nothing shows of a layer before all its bytes were found right', async t => {
  const { images, gates, at } = await openShop(t, [[['a', '1']], [['bin/'], ['bin/sh', 'x']]])
  const begun = images.begin(key)
  begun.catch(() => {})
  gates[0]!.resolve()
  await images.settled(`0 ${key}`)
  t.strictSame(
    wantOf(() => at('bin')),
    waitsFor(1)
  )
  gates[1]!.reject(new CairnError('mismatch', 'other bytes'))
  await t.rejects(begun, { code: 'mismatch' })
  t.strictSame(
    wantOf(() => at('bin')),
    { kind: 'unpacked', id: key },
    'it is begun anew'
  )
})

t.test('a layer whose paths lead through what another may have waits for that one', async t => {
  const { images, gates, at } = await openShop(t, [
    [['usr/'], ['lib', { to: 'usr' }]],
    [['other/'], ['other/x', '1']],
    [
      ['lib/x', '1'],
      ['hard', { hard: 'other/x' }]
    ]
  ])
  const begun = images.begin(key)
  gates[2]!.resolve()
  gates[1]!.resolve()
  await images.settled(`1 ${key}`)
  t.strictSame(
    wantOf(() => at('usr/x')),
    waitsFor(2)
  )
  gates[0]!.resolve()
  await begun
  t.equal(at('usr/x').size, 1)
  t.equal(at('hard').size, 1)
})

t.test('a tag that moves meanwhile is another image', async t => {
  const { images, gates, at, put, world } = await openShop(t, [[['a', '1']], [['bin/']]])
  gates[1]!.resolve()
  await images.begin(key)
  at('bin')
  const first = images.unpack(key)
  put('another')
  t.equal(images.growing(key), undefined)
  t.strictSame(
    wantOf(() => at('bin')),
    { kind: 'unpacked', id: key }
  )
  gates[0]!.resolve()
  await first
  t.equal(world.catalog.unpacked(key), undefined, 'what came of the first is not the second')
  await images.unpack(key)
  t.ok(world.catalog.unpacked(key))
})
