import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { unpackLayer } from '../../adapters/oci/unpack-layer.ts'
import { decodeZstd } from '../../src/base/decode-zstd.ts'
import { makeImage, ociFolder, skopeoCopy } from '../lib/oci-clients.ts'
import { inPieces, layerOf } from '../lib/oci-layer.ts'
import { requireClient } from '../lib/skip.ts'

async function decoded(bytes: Buffer, size: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of decodeZstd(inPieces(bytes, size))) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

function skippable(kind: number, bytes: number): Buffer {
  const frame = Buffer.alloc(8 + bytes, 'skipped')
  frame.writeUInt32LE(0x184d2a50 + kind, 0)
  frame.writeUInt32LE(bytes, 4)
  return frame
}

const zeros = Buffer.alloc(20_000_000)
const noise = randomBytes(400_000)
const text = Buffer.from('hello '.repeat(1000))
const params = { [constants.ZSTD_c_checksumFlag]: 1, [constants.ZSTD_c_windowLog]: 10 }

t.test('frames one after the other are one text, whatever lies between them', async t => {
  const frames: Array<[string, Buffer, Buffer]> = [
    ['one', zstdCompressSync(text), text],
    ['none', Buffer.alloc(0), Buffer.alloc(0)],
    ['of nothing', zstdCompressSync(Buffer.alloc(0)), Buffer.alloc(0)],
    ['with a checksum and a window', zstdCompressSync(text, { params }), text],
    ['long', zstdCompressSync(noise, { params }), noise],
    ['short, and much comes of it', zstdCompressSync(zeros), zeros],
    ['skipped', skippable(0, 10), Buffer.alloc(0)],
    ['skipped, of another kind and empty', skippable(15, 0), Buffer.alloc(0)],
    ['after one that is skipped', zstdCompressSync(text), text]
  ]
  for (const [name, frame, plain] of frames) {
    for (const size of [1, 7, 100_000]) {
      if (size < 100 && frame.length > 10_000) continue
      t.ok((await decoded(frame, size)).equals(plain), `${name}, by ${size}`)
    }
  }
  const all = Buffer.concat(frames.map(([, frame]) => frame))
  const plain = Buffer.concat(frames.map(([, , plain]) => plain))
  t.ok((await decoded(all, 5000)).equals(plain))
})

t.test('frames that are cut or damaged anywhere are told', async t => {
  const frame = zstdCompressSync(text, { params })
  const whole = Buffer.concat([frame, skippable(3, 5), frame])
  const ends = new Set([0, frame.length, frame.length + 13])
  for (let end = 0; end < whole.length; end++) {
    if (ends.has(end)) continue
    await t.rejects(decoded(whole.subarray(0, end), 1000), /zstd|end|frame/i, `cut at ${end}`)
  }
  const { length } = frame
  const wrong = Buffer.concat([
    frame.subarray(0, length - 1),
    Buffer.from([frame[length - 1]! ^ 1])
  ])
  await t.rejects(decoded(wrong, 1000), /checksum/i)
  await t.rejects(decoded(Buffer.concat([frame, text]), 1000), { code: 'corrupt' }, 'with a tail')
  const reserved = Buffer.concat([frame.subarray(0, 6), Buffer.from([0x07, 0, 0])])
  await t.rejects(decoded(reserved, 1000), { code: 'corrupt' }, 'a block of no type')
})

t.test('a layer of many frames, as podman and skopeo write them, is unpacked', async t => {
  const plain = await layerOf([['a', 'x'.repeat(5000)], ['b', 'y'], ['d/']])
  const parts = [0, 100, 512, 3000, plain.length]
  const frames = parts.slice(1).map((end, at) => zstdCompressSync(plain.subarray(parts[at], end)))
  const paths = async (bytes: Buffer) => {
    const found: string[] = []
    for await (const { path, content } of unpackLayer(inPieces(bytes, 500))) {
      found.push(path)
      for await (const _ of content ?? []);
    }
    return found
  }
  const layer = Buffer.concat([skippable(1, 3), ...frames, skippable(0, 30)])
  t.strictSame(await paths(layer), ['a', 'b', 'd'])
  for (const client of ['skopeo', 'umoci', 'gcc']) if (!requireClient(t, client)) return
  const folder = ociFolder(t)
  const from = `oci:${await makeImage(folder)}:v1`
  await skopeoCopy(from, `oci:${folder}/chunked:v1`, '--dest-compress-format', 'zstd:chunked')
  const blobs = join(folder, 'chunked/blobs/sha256')
  const layers = readdirSync(blobs).map(name => readFileSync(join(blobs, name)))
  const found = await Promise.all(layers.filter(bytes => bytes[0] !== 0x7b).map(paths))
  const names = found.flat().filter(path => path !== '')
  t.strictSame(
    names.sort().join(' '),
    'bin bin/hello dev etc etc etc/gone etc/gone etc/new proc sys'
  )
})
