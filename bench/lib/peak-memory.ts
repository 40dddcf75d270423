import { readFileSync, writeFileSync } from 'node:fs'

/**
 * How far a process's resident memory rises above what it is now while `work` runs, in MB (1,000,000
 * bytes). The kernel keeps the mark, so nothing between two looks is missed:
 * https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
 */
export function peakGrowthMegabytes(pid: number, work: () => void): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  const before = kilobytes(pid, 'VmHWM')
  work()
  return ((kilobytes(pid, 'VmHWM') - before) * 1024) / 1e6
}

function kilobytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1])
}
