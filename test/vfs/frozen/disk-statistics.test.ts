import t from 'tap'
import { withinBudget } from '../../../src/vfs/frozen/disk-statistics.ts'

const disk = { blockBytes: 4096, blocks: 1000, freeBlocks: 600, files: 10, freeFiles: 5 }

t.test('what df shows of a cache with a budget', async t => {
  for (const [what, budget, used, blocks, freeBlocks] of [
    ['no budget', undefined, 4096, 1000, 600],
    ['some of it used', 100 * 4096, 30 * 4096, 100, 70],
    ['half a block', 100 * 4096 - 1, 0, 100, 99],
    ['over it', 100 * 4096, 200 * 4096, 100, 0],
    ['more than the disk has free', 800 * 4096, 0, 800, 600],
    ['more than the disk', 5000 * 4096, 0, 1000, 600]
  ] as const) {
    t.strictSame(withinBudget(disk, budget, used), { ...disk, blocks, freeBlocks }, what)
  }
})
