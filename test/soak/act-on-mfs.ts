import { openSync, readFileSync, writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { openTree } from '../vfs/mfs/open-tree.ts'
import { takeInMfs } from './mfs-world.ts'
import type { Step } from './world.ts'

/**
 * A process that takes the steps of a file (its second argument) in the mutable tree of a home (the
 * first), and seals all the while. It says a line when it begins and one for each step that returned: to
 * its output, or into a file (the third argument) with the CIDs of what was sealed in one beside it (`.sealed`).
 */
const [home = '', plan = '', lines] = process.argv.slice(2)
const output = lines === undefined ? 1 : openSync(lines, 'w')
const sealed = lines === undefined ? undefined : openSync(`${lines}.sealed`, 'w')
const { tree } = openTree(home, { recover: true })
const steps = JSON.parse(readFileSync(plan, 'utf8')) as Step[]
let done = false

async function sealAlways(): Promise<void> {
  while (!done) {
    const { cid } = await tree.seal()
    if (sealed !== undefined) writeSync(sealed, `${cid}\n`)
    await turn()
  }
}

async function act(): Promise<void> {
  for (const [index, step] of steps.entries()) {
    takeInMfs(tree, step)
    writeSync(output, `${index + 1}\n`)
    if (index % 7 === 6) await turn()
  }
  done = true
}

writeSync(output, 'begun\n')
await Promise.all([sealAlways(), act()])
