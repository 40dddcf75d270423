import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'
import { readLayerIndex } from '../../adapters/oci/read-layer-index.ts'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { makeCid } from '../../src/base/blocks.ts'
import type { Digest } from '../../src/base/digest.ts'
import { CairnError } from '../../src/base/errors.ts'
import { nameText, toName } from '../../src/base/names.ts'
import { viewPackages } from '../../src/daemon/view-packages.ts'
import { openImageUnpacking } from '../../src/pull/image/unpack-image.ts'
import { InodeTable } from '../../src/vfs/frozen/inode-table.ts'
import { openPackageTree } from '../../src/vfs/frozen/package-tree.ts'
import { type StargzOptions, stargzLayer } from '../lib/indexed-layer.ts'
import { type Entry, inPieces, layerOf } from '../lib/oci-layer.ts'
import { openPullWorld } from '../lib/pull-world.ts'
import { digest256 } from '../lib/registry-world.ts'
import { statistics } from '../vfs/frozen/tree-fixture.ts'

export const key = 'oci/up/app/v1/rootfs.oci'

/** An image whose layers come when they are let in, its unpacking, and the package tree over it. */
export async function openShop(
  t: Test,
  layers: ReadonlyArray<readonly Entry[]>,
  stargz?: StargzOptions,
  quietMs = 0
) {
  const world = openPullWorld()
  t.teardown(world.remove)
  const made = await Promise.all(layers.map(layer => makeLayer(layer, stargz)))
  const bodies = made.map(({ bytes }) => bytes)
  const parts = made.map(({ bytes, annotations }) => ({
    digest: digest256(bytes) as Digest,
    size: bytes.length,
    annotations
  }))
  /** Parts of layers that were asked for, by the layer's number; `fails`: no more are to be had. */
  const ranged = { layers: [] as number[], fails: false }
  const gates = bodies.map(() => Promise.withResolvers<void>())
  const asked: number[] = []
  const put = (document: string) => {
    const builder = world.writer.file()
    builder.write(Buffer.from(document))
    const { multihash, codec } = builder.finish()
    world.store.flush()
    const times = { storedMs: 1, validatedMs: 1, usedMs: 1 }
    world.catalog.put({
      ...{ key, cid: makeCid(codec, multihash), bytes: document.length, ...times },
      ...{ mediaType: 'application/json', etag: undefined, lastModified: undefined },
      digests: [digest256(document) as Digest]
    })
  }
  put('document')
  const images = openImageUnpacking({
    catalog: world.catalog,
    reader: world.reader,
    blocks: world.store,
    writer: world.writer,
    readDocument: () => ({ manifest: undefined, layers: parts }),
    unpackLayer,
    quietMs,
    readIndex: (_key, layer) =>
      readLayerIndex(layer, (start, end) => {
        const index = parts.findIndex(part => part.digest === layer.digest)
        ranged.layers.push(index)
        if (ranged.fails) throw new CairnError('upstream', 'no part of it is to be had')
        return inPieces(bodies[index]!.subarray(start, end))
      }),
    openPart: async (_key, _kind, digest) => {
      const index = parts.findIndex(part => part.digest === digest)
      asked.push(index)
      return gated(bodies[index] as Buffer, gates[index]!.promise)
    }
  })
  const inodes = new InodeTable()
  const view = (growing?: typeof images.growing) => viewPackages(world.catalog, growing)
  const owner = { uid: 0, gid: 0 }
  const shared = { reader: world.reader, inodes, owner, statistics }
  const tree = openPackageTree({ ...shared, packages: view(name => images.growing(name)) })
  /** As another thread has it, which knows of rows only. */
  const elsewhere = openPackageTree({ ...shared, packages: view() })
  const at = (path: string, from = tree) => {
    let ino = from.root
    for (const name of ['oci', 'up', 'app', 'v1', 'rootfs', ...path.split('/').filter(Boolean)]) {
      ino = from.lookup(ino, toName(name)).ino
    }
    return from.attributes(ino)
  }
  const list = (path: string, cookie = 0, most = 100) => {
    const found: Array<{ name: string; cookie: number; ino: number }> = []
    tree.readDirectory(at(path).ino, { cookie, withAttributes: true }, entry => {
      found.push({ name: nameText(entry.name), cookie: entry.cookie, ino: entry.ino })
      return found.length < most
    })
    return found
  }
  return { world, images, gates, asked, ranged, tree, elsewhere, at, list, put }
}

async function makeLayer(entries: readonly Entry[], stargz: StargzOptions | undefined) {
  if (stargz !== undefined) return await stargzLayer(entries, stargz)
  return { bytes: gzipSync(await layerOf(entries)), annotations: {} }
}

/** All but the last bytes, and those once the gate opens: what fails then was not right. */
async function* gated(body: Buffer, gate: Promise<void>): AsyncGenerator<Uint8Array> {
  yield* inPieces(body.subarray(0, -1), 1000)
  await gate
  yield body.subarray(-1)
}

/** What a look wants, or what it answers. */
export function wantOf(look: () => unknown): unknown {
  try {
    return look()
  } catch (cause) {
    if (cause instanceof CairnError && cause.want !== undefined) return cause.want
    throw cause
  }
}

export const waitsFor = (layer: number | string) => ({ kind: 'layer', id: `${layer} ${key}` })
