import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The command line as people run it. */
export const program = fileURLToPath(new URL('../../bin/cairn', import.meta.url))

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly environment?: Record<string, string>
}

/** A home of its own, with the real program over it. All that it starts is gone when the test ends. */
export interface World {
  readonly folder: string
  readonly home: string
  /** Runs `cairn` with arguments to its end; never rejects. */
  run: (args: readonly string[], options?: RunOptions) => Promise<Outcome>
  /** Starts it with its standard input open; killed when the test ends. */
  spawn: (args: readonly string[]) => ChildProcess
  /** Runs it and gives its one line; throws if it fails. */
  line: (args: readonly string[], options?: RunOptions) => Promise<string>
  /** Starts a daemon and returns when it says that it is ready. */
  start: (args?: readonly string[]) => Promise<StartedDaemon>
}

export interface StartedDaemon {
  readonly child: ChildProcess
  readonly ready: string
  /** Where its HTTP port is. */
  readonly url: string
  /** What it wrote to standard error so far. */
  log: () => string
  /** Resolves with its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
}

export async function makeWorld(t: Test): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-cli-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const home = join(folder, 'home')
  const run: World['run'] = (args, options) => runProgram(folder, home, args, options)
  return {
    folder,
    home,
    run,
    spawn: args => {
      const child = spawn(program, args, { cwd: folder, env: environmentOf(folder, home) })
      t.teardown(() => child.kill('SIGKILL'))
      return child
    },
    line: async (args, options) => {
      const outcome = await run(args, options)
      if (outcome.status !== 0) throw new Error(`cairn ${args.join(' ')}: ${outcome.stderr}`)
      return outcome.stdout.trimEnd()
    },
    start: args => startDaemon(t, folder, home, args ?? ['--mount', 'none'])
  }
}

function environmentOf(folder: string, home: string, more: Record<string, string> = {}) {
  const { PATH = '' } = process.env
  return { PATH, HOME: folder, CAIRN_HOME: home, ...more }
}

function runProgram(
  folder: string,
  home: string,
  args: readonly string[],
  { input = '', environment }: RunOptions = {}
): Promise<Outcome> {
  const child = spawn(program, args, { cwd: folder, env: environmentOf(folder, home, environment) })
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const outputs = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    outputs.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    outputs.stderr += text
  })
  child.on('close', status => resolve({ status, ...outputs }))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return promise
}

async function startDaemon(
  t: Test,
  folder: string,
  home: string,
  args: readonly string[]
): Promise<StartedDaemon> {
  const child = spawn(program, ['start', '--listen', '127.0.0.1:0', ...args], {
    cwd: folder,
    env: environmentOf(folder, home),
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const ended = once(child, 'exit').then(([status, signal]) => status ?? signal)
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    log += text
  })
  const ready = await Promise.race([
    once(child.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text)),
    ended.then(status => {
      throw new Error(`the daemon ended by ${status}: ${log}`)
    })
  ])
  const url = /http:\/\/[^/]+\//.exec(ready)?.[0] ?? ''
  return { child, ready, url, log: () => log, ended }
}

/** Looks again and again until something is so; the test's own timeout ends it. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(20)
}
