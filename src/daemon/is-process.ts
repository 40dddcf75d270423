import { readFileSync } from 'node:fs'

/** True while a process of this number lives; one that ended and waits for its parent does not count. */
export function isProcess(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return !['Z', 'X'].includes(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? 'X')
  } catch {
    return false
  }
}
