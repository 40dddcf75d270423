import { openSync, readFileSync, writeSync } from 'node:fs'
import { takeInFolder } from './folder-world.ts'
import type { Step } from './world.ts'

/** A process that takes the steps of a file (its second argument) in a folder (the first), and says a line for each that returned: to its output, or into a file (the third). */
const [folder = '', plan = '', lines] = process.argv.slice(2)
const output = lines === undefined ? 1 : openSync(lines, 'w')
const steps = JSON.parse(readFileSync(plan, 'utf8')) as Step[]
for (const [index, step] of steps.entries()) {
  await takeInFolder(folder, step)
  writeSync(output, `${index + 1}\n`)
}
