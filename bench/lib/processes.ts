import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { mountPoints } from '../../scripts/lib/leftovers.ts'

/** A server started for a bench. */
export interface Server {
  readonly pid: number
  stop: () => Promise<void>
}

/** Starts a server in the foreground; `ready` is asked until it says yes. Its last words are in the error if it ends before. */
export async function startServer(
  command: readonly string[],
  ready: () => boolean | Promise<boolean>
): Promise<Server> {
  const [program = '', ...args] = command
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const words: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      words.push(text)
      if (words.length > 50) words.shift()
    })
  }
  child.on('error', cause => words.push(cause.message))
  const until = performance.now() + 60_000
  while (!(await ready())) {
    if (hasEnded(child) || performance.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`${command.join(' ')} did not get ready: ${words.join('').slice(-2000)}`)
    }
    await delay(20)
  }
  return { pid: child.pid ?? 0, stop: () => stopServer(child) }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

async function stopServer(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  if ((await Promise.race([exited, delay(10_000, 'late')])) === 'late') child.kill('SIGKILL')
  await exited
}

export function isMounted(point: string): boolean {
  return mountPoints().includes(point)
}
