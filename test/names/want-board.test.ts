import t from 'tap'
import { codec, makeCid, sha256Multihash } from '../../src/base/blocks.ts'
import { WantBoard } from '../../src/names/want-board.ts'

const MiB = 1024 * 1024

function boardOf(count: number, code: number, bytes: number): WantBoard {
  const board = new WantBoard()
  for (let index = 0; index < count; index++) {
    board.add({ cid: makeCid(code, sha256Multihash(Buffer.from(`${index}`))), bytes })
  }
  return board
}

t.test('folders are asked for many at a time, however much lies below each', async t => {
  const board = boardOf(100, codec.dagPb, 3 * MiB)
  const lists = [1, 2, 3, 4].map(() => board.take('a').cids.length)
  t.strictSame(lists, [32, 32, 32, 4])
})

t.test('leaves are asked for by their length, which a link cannot make too large', async t => {
  t.equal(boardOf(100, codec.raw, MiB).take('a').cids.length, 8)
  t.equal(boardOf(100, codec.raw, 1e15).take('a').cids.length, 2)
  t.equal(boardOf(2000, codec.raw, 0).take('a').cids.length, 1024)
})
