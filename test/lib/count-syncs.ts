import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Runs a program (a module's text, which may call `mark(name)`) below strace, and returns how often it
 * synced a file between two marks. The log stays at `logPath`.
 */
export function countSyncs(logPath: string, program: string): (from: string, to: string) => number {
  const marking = `
    import { accessSync } from 'node:fs'
    const mark = name => { try { accessSync('/mark-' + name) } catch {} }`
  execFileSync('strace', [
    ...['-f', '-o', logPath, '-e', 'trace=fsync,fdatasync,access', process.execPath],
    ...['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', marking + program]
  ])
  const log = readFileSync(logPath, 'utf8')
  return (from, to) => {
    const [, after] = log.split(`/mark-${from}"`)
    const [between, end] = (after ?? '').split(`/mark-${to}"`)
    if (end === undefined) throw new Error(`the program passed no mark ${from}, then ${to}`)
    return between?.match(/f(data)?sync\(/g)?.length ?? 0
  }
}
