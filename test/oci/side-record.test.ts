import t from 'tap'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { toName } from '../../src/base/names.ts'
import { RootFilesystem } from '../../src/pull/image/root-filesystem.ts'
import { findSideRecord, readSideRecord } from '../../src/unixfs/side-record.ts'
import { type Entry, inPieces, layerOf } from '../lib/oci-layer.ts'
import { openPullWorld } from '../lib/pull-world.ts'

t.test('what UnixFS has no place for is recorded beside the tree', async t => {
  const world = openPullWorld()
  t.teardown(world.remove)
  const record = async (...layers: Entry[][]) => {
    const flush = () => world.store.flush()
    const options = { writer: world.writer, flush, layers: layers.length, mostBytes: 1_000_000 }
    const root = new RootFilesystem(options)
    for (const [index, layer] of layers.entries()) {
      await root.addLayer(index, unpackLayer(inPieces(await layerOf(layer))))
    }
    const finished = root.finish()
    world.store.flush()
    const at = (path: string) => {
      let found = finished.record?.multihash
      for (const part of path === '' ? [] : path.split('/')) {
        found = found && findSideRecord(world.reader, found, toName(part))
      }
      return found && readSideRecord(world.reader, found)
    }
    return { ...finished, at }
  }
  const mine = { uid: 1000, gid: 50 }
  const null3 = { type: 'character-device', devmajor: 1, devminor: 3, uid: 0, gid: 6 }
  const layer: Entry[] = [
    ['home/'],
    ['home/me/', '', mine],
    ['home/me/f', 'x', mine],
    ['home/me/link', { hard: 'home/me/f' }, { uid: 7 }],
    ['home/me/to', { to: 'f' }, mine],
    ['bin', 'x'],
    ['null', '', null3]
  ]
  const one = await record(layer)
  t.strictSame(one.at('home'), { uid: 0, gid: 0 }, 'on the way to others')
  t.strictSame(one.at('home/me'), mine)
  t.strictSame(one.at('home/me/f'), mine)
  t.strictSame(one.at('home/me/link'), mine, 'a hard link is what it links to')
  t.strictSame(one.at('home/me/to'), mine)
  t.equal(one.at('bin'), undefined)
  t.strictSame(one.at('null'), {
    uid: 0,
    gid: 6,
    device: { type: 'character', major: 1, minor: 3 }
  })
  t.strictSame((await record(layer)).record, one.record, 'the same again')
  const roots = await record([['home/'], ['home/f', 'x']])
  t.equal(roots.record, undefined, 'nothing to record')
  const gone = await record([['a', 'x', mine]], [['a', 'x']])
  t.equal(gone.record, undefined, 'of a layer that is hidden')
  t.strictSame(gone.node, (await record([['a', 'x']])).node)
  t.strictSame(
    (await record([['a', 'x', mine]])).node,
    gone.node,
    'the tree is that of its content'
  )
})
