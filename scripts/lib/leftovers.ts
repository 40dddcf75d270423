import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** What a finished test or bench left running or mounted. */

/** The mount points of now, innermost last, octal escapes decoded: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html */
export function mountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n')
  return lines.map(line =>
    (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8))
    )
  )
}

/** Unmounts what is mounted at or below a folder and was not `before`, newest first; returns what it found. */
export function unmountBelow(folder: string, before: readonly string[] = []): string[] {
  const found = mountPoints().filter(
    point => (point === folder || point.startsWith(`${folder}/`)) && !before.includes(point)
  )
  for (const point of found.toReversed()) unmount(point)
  return found
}

function unmount(point: string): void {
  const done = spawnSync('umount', ['-l', point], { timeout: 10_000 })
  if (done.status !== 0) spawnSync('fusermount3', ['-u', '-z', point], { timeout: 10_000 })
}

/** Processes whose environment holds `mark` (`NAME=value`), this one excepted. */
export function markedProcesses(mark: string): Array<{ pid: number; command: string }> {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => readProc(pid, 'environ').split('\0').includes(mark))
    .map(pid => ({
      pid: Number(pid),
      command: readProc(pid, 'cmdline').replaceAll('\0', ' ').trim()
    }))
    .filter(({ command }) => command !== '')
}

/** A process may end, or belong to somebody else, while it is looked at. */
function readProc(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** Signals a process, or a group by its negative number (0 only asks); false if there is none. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
