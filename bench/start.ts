import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { type Bench, bounded, type Room } from './lib/bench.ts'

const project = resolve(import.meta.dirname, '..')

export const bench: Bench = {
  title: 'scripts/start in a fresh clone, until the daemon is ready; the registry is asked',
  run: async room => {
    const clone = join(room.disk('fresh'), 'cairn')
    const cloned = spawnSync('git', ['clone', '-q', project, clone], { encoding: 'utf8' })
    if (cloned.status !== 0) throw new Error(`git clone failed: ${cloned.stderr}`)
    const first = await secondsToReady(room, clone)
    const again: number[] = []
    for (let round = 0; round < room.rounds; round++) again.push(await secondsToReady(room, clone))
    const median = again.sort((a, b) => a - b)[again.length >> 1] ?? Number.NaN
    return [
      bounded('`./scripts/start`, the first time', first, 's', 90),
      bounded('`./scripts/start` afterwards', median, 's', 2)
    ]
  }
}

/** Starts with mounts on a home of its own, and stops again. The PATH is the machine's, without a runtime of ours. */
async function secondsToReady(room: Room, clone: string): Promise<number> {
  const folder = room.disk('home')
  const path = (process.env.PATH ?? '').split(':').filter(part => !part.includes('node_modules'))
  const began = performance.now()
  const child = spawn(
    join(clone, 'scripts/start'),
    ['--home', join(folder, 'home'), '--mount', join(folder, 'mount'), '--listen', '127.0.0.1:0'],
    { env: { ...process.env, PATH: path.join(':') }, stdio: ['ignore', 'pipe', 'ignore'] }
  )
  const ended = once(child, 'exit')
  room.afterwards(() => void child.kill('SIGTERM'))
  const ready = once(child.stdout, 'data')
  const outcome = await Promise.race([ready.then(() => 'ready'), ended.then(() => 'ended')])
  const seconds = (performance.now() - began) / 1000
  if (outcome === 'ended') throw new Error('scripts/start ended before it was ready')
  child.kill('SIGTERM')
  await ended
  return seconds
}
