import { setImmediate } from 'node:timers/promises'
import { CairnError } from '../base/errors.ts'
import type { PackedLeaves } from '../unixfs/leaves.ts'
import { versionAt } from './add-file.ts'
import type { HashPool } from './hash-pool.ts'
import { toPath } from './paths.ts'
import { readStripes } from './read-stripes.ts'
import type { Tally } from './tally.ts'

/** As `Ingest.hashFile`. */
export async function hashFile(
  tally: Tally,
  pool: HashPool | undefined,
  text: string
): Promise<PackedLeaves> {
  if (tally.profile.chunker.kind !== 'fixed') {
    throw new CairnError('invalid', `${tally.profile.name} does not cut at fixed lengths`)
  }
  const path = toPath(text)
  const reading = readStripes(tally, pool, { path, version: versionAt(path) })
  let isOver = false
  const over = reading
    .catch(cause => {
      tally.fail(cause)
    })
    .finally(() => {
      isOver = true
    })
  while (!isOver && pool?.help(tally.blocks) === true) await setImmediate()
  await over
  return (await reading).pack()
}
