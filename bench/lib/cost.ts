import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What something took: CPU is user and system time of the caller and of the server that answered it. */
export interface Cost {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

const ticksPerSecond = 100

/** Measures a call in this process, with the CPU of the server processes it keeps busy. */
export async function costOf(
  servers: readonly number[],
  work: () => void | Promise<void>
): Promise<Cost> {
  const servedBefore = servers.map(readClocks)
  const usedBefore = process.cpuUsage()
  const began = performance.now()
  await work()
  const wallSeconds = (performance.now() - began) / 1000
  const { user, system } = process.cpuUsage(usedBefore)
  const served = servers.map((pid, index) => spent(readClocks(pid), servedBefore[index]))
  return { wallSeconds, cpuSeconds: (user + system) / 1e6 + sum(served) }
}

/** Runs a program to its end and measures it, its children and the servers. Throws if it fails. */
export function costOfCommand(servers: readonly number[], command: readonly string[]): Cost {
  const servedBefore = servers.map(readClocks)
  const script = 'TIMEFORMAT="cost %3R %3U %3S"; time "$@" >/dev/null'
  const done = spawnSync('bash', ['-c', script, 'bash', ...command], {
    encoding: 'utf8',
    timeout: 600_000
  })
  const numbers = /cost ([\d.]+) ([\d.]+) ([\d.]+)/.exec(done.stderr)
  if (done.status !== 0 || numbers === null) {
    throw new Error(`${command.join(' ').slice(0, 200)} failed: ${done.stderr.slice(-500)}`)
  }
  const [wallSeconds = 0, user = 0, system = 0] = numbers.slice(1).map(Number)
  const served = servers.map((pid, index) => spent(readClocks(pid), servedBefore[index]))
  return { wallSeconds, cpuSeconds: user + system + sum(served) }
}

/**
 * A process's CPU clocks, in seconds. Ticks count threads that have ended and children that were
 * waited for, but in hundredths; the scheduler's nanoseconds count the threads of now.
 */
interface Clocks {
  readonly ticks: number
  readonly threads: number
}

function readClocks(pid: number): Clocks {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = sum(fields.slice(11, 15).map(Number)) / ticksPerSecond
  const threads = readdirSync(`/proc/${pid}/task`).map(task => threadSeconds(pid, task))
  return { ticks, threads: sum(threads) }
}

function threadSeconds(pid: number, task: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9
  } catch {
    return 0
  }
}

/** The finer clock, unless threads ended meanwhile: then ticks have seen more than a rounding. */
function spent(now: Clocks, before: Clocks | undefined): number {
  const ticks = now.ticks - (before?.ticks ?? 0)
  const threads = now.threads - (before?.threads ?? 0)
  return ticks > threads + 2 / ticksPerSecond ? ticks : threads
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Resident memory of a process in MB (1,000,000 bytes). */
export function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibibytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1])
  return (kibibytes * 1024) / 1e6
}
