import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { adoptNow, makePieces } from './flat-lib.ts'
import { openStore } from './lib.ts'

/**
 * A process that makes drafts in a home (its argument), has them adopted and deletes them, until it is killed.
 * It says a line for each that is: the draft's name and the multihashes of its two blocks.
 */
const [home = ''] = process.argv.slice(2)
const place = {
  home,
  segments: join(home, 'segments'),
  databasePath: join(home, 'cairn.db'),
  remove: () => undefined
}
const opened = openStore(place)
for (let number = 0; ; number++) {
  const name = `draft-${process.pid}-${number}`
  const file = makePieces(place, name, 2, 3000)
  adoptNow(opened, file)
  process.stdout.write(`${name} ${Buffer.from(file.leaves.multihashes).toString('hex')}\n`)
  rmSync(file.path)
}
