import { join } from 'node:path'
import type { Test } from 'tap'
import { addFolder, makeNames, never, refresherOf, sourceOf, still } from './names-home.ts'

/**
 * A process to be killed: publishes, rotates now and then, and follows itself on a second machine. It
 * writes a line after each step that it was told is durable.
 */
const [folder = ''] = process.argv.slice(2)
const t = { teardown: () => {} } as unknown as Test
const time = { nowMs: Date.now() }
const publisher = makeNames(t, time, join(folder, 'publisher'))
const follower = makeNames(t, time, join(folder, 'follower'))
const { name } = publisher.names.keys.find('blog') ?? publisher.names.keys.create('blog')
follower.names.follow(name, { whole: true })
const refresher = refresherOf(follower, [sourceOf(publisher)])
const tell = (words: object) => process.stdout.write(`${JSON.stringify(words)}\n`)
for (let round = 1; ; round++) {
  const cid = addFolder(publisher, `${process.pid} ${round}`)
  const published = publisher.names.publish('blog', { ...still, cid })
  tell({ published: published.name, sequence: Number(published.sequence), cid: cid.toString() })
  await refresher.refresh(follower.names.follows()[0] ?? { target: name }, never)
  tell({ followed: cid.toString() })
  if (round % 7 === 0) tell({ rotated: publisher.names.rotate('blog').name })
}
