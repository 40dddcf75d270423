import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type Count, emptyCount, tapCounter } from './count-tap.ts'
import { markedProcesses, signal, unmountBelow } from './leftovers.ts'

export interface FileRun {
  /** Milliseconds the file may take. */
  readonly limitMs: number
  /** A short path of its own: the file's TMPDIR, removed afterwards. */
  readonly temporary: string
  /** Where the whole output is kept. */
  readonly log: string
  /** Ends the run early; counts as a failure. */
  readonly signal: AbortSignal
}

/**
 * Runs one test file in a process group, TMPDIR and time limit of its own and counts its points.
 * What it leaves running or mounted is ended, and is a failure; so is a crash, or no points at all.
 */
export async function runTestFile(file: string, run: FileRun): Promise<Count> {
  mkdirSync(run.temporary, { recursive: true })
  chmodSync(run.temporary, 0o1777)
  const mark = `CAIRN_TEST_FILE=${run.temporary}`
  const child = start(file, run)
  const { parser, count } = tapCounter()
  const log = createWriteStream(run.log)
  child.stdout?.on('data', bytes => {
    log.write(bytes)
    parser.write(bytes)
  })
  child.stderr?.on('data', bytes => log.write(bytes))
  const ending = await end(child, run, mark)
  parser.end()
  log.end()
  const left = await cleanUp(run, mark, child.pid ?? 0)
  for (const failure of [...judge(count, ending), ...left]) {
    count.failed++
    count.failures.push(failure)
  }
  return count
}

function start(file: string, run: FileRun): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      TMPDIR: run.temporary,
      CAIRN_TEST_FILE: run.temporary,
      TAP_TIMEOUT: String(Math.ceil(run.limitMs / 1000))
    }
  })
}

interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly overdue: boolean
}

/** Waits for the process, not for its pipes: a daemon it left behind may hold those open. */
async function end(child: ChildProcess, run: FileRun, mark: string): Promise<Ending> {
  const exited = new Promise<{ code: number | null; signal: string | null }>(resolve => {
    child.once('error', () => resolve({ code: 1, signal: null }))
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  const stop = new AbortController()
  const limit = AbortSignal.any([run.signal, AbortSignal.timeout(run.limitMs)])
  const overdue = new Promise<true>(resolve => {
    if (limit.aborted) resolve(true)
    limit.addEventListener('abort', () => resolve(true), { once: true, signal: stop.signal })
  })
  const late = (await Promise.race([exited, overdue])) === true
  stop.abort()
  const group = -(child.pid ?? 0)
  if (late && child.pid !== undefined) {
    signal(child.pid, 'SIGTERM')
    await Promise.race([exited, delay(3000)])
    killAll(group, mark)
  }
  const ended = await Promise.race([exited, delay(10_000, { code: null, signal: 'none' })])
  if (!late) await Promise.race([closed(child), delay(500)])
  return { ...ended, overdue: late }
}

function closed(child: ChildProcess): Promise<void> {
  if (child.stdout?.readableEnded === true) return Promise.resolve()
  return new Promise(resolve => child.once('close', () => resolve()))
}

function killAll(group: number, mark: string): void {
  if (group !== 0) signal(group, 'SIGKILL')
  for (const { pid } of markedProcesses(mark)) signal(pid, 'SIGKILL')
}

function judge(count: Count, ending: Ending): string[] {
  if (ending.overdue) return ['took too long and was ended']
  if (ending.signal !== null) return [`was ended by ${ending.signal}`]
  if (ending.code !== 0 && count.failed === 0) return [`exited with ${ending.code} (see its log)`]
  const points = count.passed + count.failed + count.skipped
  return points === 0 ? ['holds no test point: it cannot fail'] : []
}

/** What a test told to end gets a moment to; what is there after it was left behind. */
async function cleanUp(run: FileRun, mark: string, group: number): Promise<string[]> {
  const left = await stillRunning(mark, group)
  killAll(-group, mark)
  if (left.length > 0) await stillRunning(mark, group)
  const mounts = unmountBelow(run.temporary).map(point => `left ${point} mounted`)
  try {
    rmSync(run.temporary, { recursive: true, force: true, maxRetries: 5 })
  } catch (cause) {
    mounts.push(`its temporary folder could not be removed: ${(cause as Error).message}`)
  }
  return [...left, ...mounts]
}

/** What runs on for more than two seconds. */
async function stillRunning(mark: string, group: number): Promise<string[]> {
  const until = performance.now() + 2000
  let left = leftRunning(mark, group)
  while (left.length > 0 && performance.now() < until) {
    await delay(50)
    left = leftRunning(mark, group)
  }
  return left
}

function leftRunning(mark: string, group: number): string[] {
  const marked = markedProcesses(mark).map(
    ({ pid, command }) => `left process ${pid} running: ${command}`
  )
  const others = group !== 0 && signal(-group, 0)
  return marked.length === 0 && others ? ['left a process running'] : marked
}

/** A count that is one failure. */
export function failedCount(failure: string): Count {
  return { ...emptyCount(), failed: 1, failures: [failure] }
}
