import t from 'tap'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { makeCid } from '../../src/base/blocks.ts'
import type { Digest } from '../../src/base/digest.ts'
import { openImageUnpacking } from '../../src/pull/image/unpack-image.ts'
import { inPieces, layerOf } from '../lib/oci-layer.ts'
import { openPullWorld } from '../lib/pull-world.ts'
import { digest256 } from '../lib/registry-world.ts'

t.test(
  'the next layers are fetched while one is unpacked, each once, no more than two ahead',
  async t => {
    const world = openPullWorld()
    t.teardown(world.remove)
    const layers = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map(async name => await layerOf([[name, name]]))
    )
    const parts = layers.map(bytes => ({ digest: digest256(bytes) as Digest, size: bytes.length }))
    const at = (digest: Digest) => parts.findIndex(part => part.digest === digest)
    const events: string[] = []
    const signals: AbortSignal[] = []
    const key = 'oci/up/app/v1/rootfs.oci'
    const builder = world.writer.file()
    builder.write(Buffer.from('document'))
    const { multihash, codec } = builder.finish()
    world.store.flush()
    world.catalog.put({
      key,
      cid: makeCid(codec, multihash),
      bytes: 8,
      mediaType: 'application/json',
      digests: [digest256(Buffer.from('document')) as Digest],
      etag: undefined,
      lastModified: undefined,
      storedMs: 1,
      validatedMs: 1,
      usedMs: 1
    })
    const unpacking = openImageUnpacking({
      catalog: world.catalog,
      reader: world.reader,
      blocks: world.store,
      writer: world.writer,
      readDocument: () => ({ manifest: undefined, layers: parts }),
      unpackLayer,
      openPart: async (_key, _kind, digest) => {
        events.push(`open ${at(digest)}`)
        if (at(digest) === 4)
          t.notOk(
            signals.some(signal => signal.aborted),
            'kept until the end'
          )
        return inPieces(layers[at(digest)] as Buffer)
      },
      fetchAhead: (_key, digest, signal) => {
        signals.push(signal)
        events.push(`ahead ${at(digest)}`)
      }
    })
    await unpacking.unpack(key)
    t.strictSame(events, [
      'ahead 1',
      'ahead 2',
      'open 0',
      'ahead 3',
      'open 1',
      'ahead 4',
      'open 2',
      'open 3',
      'open 4'
    ])
    t.ok(
      signals.every(signal => signal.aborted),
      'places in flights are given up'
    )
  }
)
