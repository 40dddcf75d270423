import { createInterface } from 'node:readline'
import { Actor, type Batch } from '../actor.ts'
import { systemCalls } from './system.ts'

/** A process that makes the calls it is told: batches in, results out, a line of JSON each. */
const [top = '.'] = process.argv.slice(2)
process.chdir('/')
const actor = new Actor(systemCalls(), top)

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(actor.run(JSON.parse(line) as Batch))}\n`)
}
actor.close()
