import { openPullWorld, wantedItem } from '../lib/pull-world.ts'

/** Fetches one item, says when its first bytes came, and goes on until it is killed. */
const [home = '', url = '', path = ''] = process.argv.slice(2)
const patience = { idleMs: 600_000 }
const world = openPullWorld({ home, patience })
const answer = await world.pull.fetch(wantedItem({ url }, path))
let told = false
for await (const _ of answer.body()) {
  if (!told) process.stdout.write('reading\n')
  told = true
}
