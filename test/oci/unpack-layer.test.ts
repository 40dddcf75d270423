import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { inPieces, layerOf } from '../lib/oci-layer.ts'

t.test('a layer is read however it is packed, a damaged one is told', async t => {
  const plain = await layerOf([['a', 'x'.repeat(5000)], ['d/']])
  const paths = async (bytes: Buffer, size: number) => {
    const found: string[] = []
    for await (const { path, content } of unpackLayer(inPieces(bytes, size))) {
      found.push(path)
      for await (const _ of content ?? []);
    }
    return found
  }
  for (const bytes of [plain, gzipSync(plain), zstdCompressSync(plain)]) {
    for (const size of [1, 3, 1000, 100_000]) t.strictSame(await paths(bytes, size), ['a', 'd'])
  }
  const gzip = gzipSync(plain)
  for (const bytes of [
    gzip.subarray(0, -20),
    Buffer.concat([gzip.subarray(0, 30), gzip.subarray(40)])
  ]) {
    await t.rejects(paths(bytes, 1000), { code: 'corrupt' })
  }
  await t.rejects(paths(plain.subarray(0, 2000), 1000), { code: 'corrupt' }, 'cut in a file')
  await t.rejects(paths(Buffer.alloc(2048, 'x'), 1000), { code: 'corrupt' }, 'no tar')
  t.strictSame(await paths(Buffer.alloc(0), 1), [])
})
