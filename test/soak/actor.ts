import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { Step } from './world.ts'

/** A process that takes steps and says a line for each. */
export interface Actor {
  /** Of lines said so far. */
  readonly said: () => number
  readonly kill: () => void
  /** Resolves when it has said so many lines, or ended. */
  readonly says: (lines: number) => Promise<void>
  /** How many lines it said before it ended, and what it complained of if it ended itself, failing. */
  readonly ended: Promise<{ readonly said: number; readonly complaint: string | undefined }>
}

/** Starts processes of a program; what Node compiles is kept in a folder for the next one. */
export function actorsOf(t: Test, program: URL, folder: string) {
  const path = fileURLToPath(program)
  mkdirSync(folder, { recursive: true })
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') }
  let started = 0

  function start(place: string, steps: readonly Step[], ...more: readonly string[]): Actor {
    const plan = join(folder, `plan-${started++}.json`)
    writeFileSync(plan, JSON.stringify(steps))
    const args = ['--disable-warning=ExperimentalWarning', path, place, plan, ...more]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
    t.teardown(() => child.kill('SIGKILL'))
    let said = 0
    let complaint = ''
    const waiting: Array<() => void> = []
    const wake = () => {
      for (const each of waiting.splice(0)) each()
    }
    child.stderr.setEncoding('utf8').on('data', text => {
      complaint += text
    })
    const lines = createInterface({ input: child.stdout }).on('line', () => {
      said++
      wake()
    })
    const closed = once(lines, 'close')
    let over = false
    const ended = once(child, 'close').then(async ([code, signal]) => {
      await closed
      over = true
      wake()
      return { said, complaint: signal === null && code !== 0 ? complaint : undefined }
    })
    return {
      said: () => said,
      kill: () => void child.kill('SIGKILL'),
      async says(count) {
        while (said < count && !over) await new Promise<void>(resolve => waiting.push(resolve))
      },
      ended
    }
  }
  return { start }
}
