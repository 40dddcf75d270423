import { randomBytes } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import { decompress } from '../../adapters/apt/decompress.ts'
import { xzSync } from '../lib/xz.ts'

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}

async function plainOf(bytes: Uint8Array): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of decompress(piecesOf(bytes))) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}

async function drain(bytes: Uint8Array): Promise<void> {
  for await (const _ of decompress(piecesOf(bytes)));
}

const plain = randomBytes(300_000)

t.test('what was packed in several parts is all of them', async t => {
  const halves = [plain.subarray(0, 200_000), plain.subarray(200_000)]
  for (const [name, pack] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['xz', xzSync]
  ] as const) {
    t.ok((await plainOf(Buffer.concat(halves.map(half => pack(half))))).equals(plain), name)
  }
})

for (const [name, packed] of [
  ['gzip', gzipSync(plain)],
  ['zstd', zstdCompressSync(plain)]
] as const) {
  t.test(`${name} that is cut off is an error of the reader's, and of nobody else`, async t => {
    for (const length of [7, 100, packed.length >> 1, packed.length - 1]) {
      await t.rejects(drain(packed.subarray(0, length)), { code: 'corrupt' }, `${length} bytes`)
    }
  })

  t.test(`${name} that is damaged is an error`, async t => {
    const damaged = Buffer.from(packed)
    damaged.fill(0x55, 6, 20)
    await t.rejects(drain(damaged), { code: 'corrupt' })
  })

  t.test(`${name} that is not read to its end lets its source go`, async t => {
    let closed = false
    async function* source() {
      try {
        yield* piecesOf(packed)
      } finally {
        closed = true
      }
    }
    for await (const _ of decompress(source())) break
    while (!closed) await new Promise(resolve => setImmediate(resolve))
    t.ok(closed)
  })
}
