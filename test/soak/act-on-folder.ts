import { readFileSync, writeSync } from 'node:fs'
import { takeInFolder } from './folder-world.ts'
import type { Step } from './world.ts'

/** A process that takes the steps of a file (its second argument) in a folder (the first), and says a line for each that returned. */
const [folder = '', plan = ''] = process.argv.slice(2)
const steps = JSON.parse(readFileSync(plan, 'utf8')) as Step[]
for (const [index, step] of steps.entries()) {
  await takeInFolder(folder, step)
  writeSync(1, `${index + 1}\n`)
}
