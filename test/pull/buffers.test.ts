import t from 'tap'
import { bounds } from '../../src/pull/bounds.ts'
import { BufferPool } from '../../src/pull/buffers.ts'

t.test('a buffer is as long as its body, up to a piece, and is used again', async t => {
  const pool = new BufferPool()
  for (const [bytes, length] of [
    [0, bounds.pieceBytes / 64],
    [bounds.pieceBytes / 64 + 1, bounds.pieceBytes / 16],
    [bounds.pieceBytes, bounds.pieceBytes],
    [Number.POSITIVE_INFINITY, bounds.pieceBytes]
  ] as const) {
    const buffer = pool.take(bytes)
    t.equal(buffer.length, length)
    pool.give(buffer)
    t.equal(pool.take(bytes), buffer)
    t.not(pool.take(bytes), buffer, 'by one at a time')
  }
})

t.test('what is kept is bounded by its bytes, whatever the lengths', async t => {
  const pool = new BufferPool()
  const sizes = [bounds.pieceBytes, bounds.pieceBytes / 4, bounds.pieceBytes / 64]
  const given = sizes.flatMap(bytes => Array.from({ length: 400 }, () => pool.take(bytes)))
  for (const buffer of given) pool.give(buffer)
  const known = new Set(given)
  const kept = () =>
    sizes
      .flatMap(bytes => Array.from({ length: 400 }, () => pool.take(bytes)))
      .filter(buffer => known.has(buffer))
      .reduce((total, { length }) => total + length, 0)
  t.equal(kept(), bounds.spareBytes)
  t.equal(kept(), 0, 'what was taken is no longer kept')
  for (const buffer of given) pool.give(buffer)
  t.equal(kept(), bounds.spareBytes, 'and there is room for as much again')
})

t.test('a buffer of another length is not kept', async t => {
  const pool = new BufferPool()
  const strange = Buffer.alloc(bounds.pieceBytes / 64 + 1)
  pool.give(strange)
  t.not(pool.take(strange.length), strange)
})
