import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { mountMfs } from '../fuse/mount-mfs.ts'
import { canMount } from '../fuse/mounted.ts'
import { requireClient } from '../lib/skip.ts'
import { fastFolder } from './fast-folder.ts'
import { seedOfRun, times } from './random.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('./fsx.py', import.meta.url))
const everything =
  'allocate append copy_range holes map_private map_read map_write punch read reopen seal sync truncate whole write zero'

/** Random operations on one file by another process; rejects with the last ones if a byte was not what was written. */
async function exercise(folder: string, seed: number, count: number): Promise<string> {
  const args = [program, join(folder, `file-${seed}`), String(seed), String(count)]
  return (await run('python3', args)).stdout
}

t.test('the oracle: a file in memory', async t => {
  if (!requireClient(t, 'python3')) return
  const seed = seedOfRun()
  t.match(await exercise(fastFolder(t), seed, 1000), /^did allocate/, `seed ${seed}`)
})

const mounts = { 'by requests': false, 'in place where the kernel can': true }

for (const [how, passthrough] of Object.entries(mounts)) {
  t.test(`a file of /mfs, ${how}, alone and while it is sealed again and again`, t =>
    exerciseMount(t, passthrough)
  )
}

async function exerciseMount(t: Test, passthrough: boolean): Promise<void> {
  if (!canMount(t) || !requireClient(t, 'python3')) return
  const { path, tree } = await mountMfs(t, { passthrough })
  const seed = seedOfRun()
  for (let round = 0; round < times(passthrough ? 1 : 2); round++) {
    const did = await exercise(path, seed + 2 * round, 1500)
    t.equal(did, `did ${everything}\nlacks \n`, `seed ${seed + 2 * round}`)
    let done = false
    const busy = exercise(path, seed + 2 * round + 1, 500).finally(() => {
      done = true
    })
    let seals = 0
    for (; !done; seals++) {
      await tree.seal()
      await turn()
    }
    t.equal(
      await busy,
      `did ${everything}\nlacks \n`,
      `seed ${seed + 2 * round + 1}, ${seals} seals`
    )
  }
}
