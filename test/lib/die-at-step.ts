import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync, StatementSync } from 'node:sqlite'

/** What changes files, of those that are called with the whole thread waiting. */
const fileCalls = [
  ...(['writeSync', 'writevSync', 'fsyncSync', 'fdatasyncSync'] as const),
  ...(['ftruncateSync', 'truncateSync', 'renameSync', 'linkSync', 'rmSync'] as const)
]

/** Nothing of it reaches a file. */
const settings = /^(BEGIN$|PRAGMA|SAVEPOINT|RELEASE)/

/**
 * From now on every step that changes a database or a file is counted, and this process is killed, by SIGKILL, before
 * the one of that number: 0 for none. Gives what was counted so far: each step's SQL, or the call's name.
 */
export function dieAtStep(number: number): readonly string[] {
  const steps: string[] = []
  const step = (what: string) => {
    steps.push(what)
    if (steps.length === number) process.kill(process.pid, 'SIGKILL')
  }
  const run = StatementSync.prototype.run as (...all: unknown[]) => unknown
  Object.assign(StatementSync.prototype, {
    run(this: StatementSync, ...parameters: unknown[]) {
      if (!settings.test(this.sourceSQL)) step(this.sourceSQL.replace(/\s+/g, ' '))
      return run.apply(this, parameters)
    }
  })
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (this: DatabaseSync, sql) {
    if (!settings.test(sql)) step(sql)
    exec.call(this, sql)
  }
  for (const name of fileCalls) {
    const call = fs[name] as (...all: unknown[]) => unknown
    Object.assign(fs, {
      [name]: (...all: unknown[]) => {
        step(name)
        return call(...all)
      }
    })
  }
  syncBuiltinESMExports()
  return steps
}
