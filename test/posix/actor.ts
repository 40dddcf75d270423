import { endSession, isFailure, runCommand } from './calls/run-command.ts'
import { openSession, type Session } from './calls/session.ts'
import type { Command } from './language.ts'
import type { Posix } from './posix.ts'

/** Commands for one process, in a folder of their own. */
export interface Batch {
  /** Made if it is not there. A batch with the folder of the one before goes on where that left. */
  readonly folder: string
  /** Run first in each new folder; must not fail. */
  readonly setup: readonly Command[]
  readonly commands: readonly Command[]
  /** After a command that may have changed something the next finds a new folder, set up again. */
  readonly renew: boolean
}

const readingCalls =
  /^[lf]?(stat|getxattr|listxattr)$|^(access|readlink|get|list|statfs|pread|entries|same)$/

/** Whether a command that succeeds leaves the folder, or the process, another than it was. */
function changes({ call, args }: Command): boolean {
  if (call === 'open') return /O_CREAT|O_TRUNC|O_TMPFILE/.test(args[1] ?? '')
  return !readingCalls.test(call)
}

/** Makes a folder with what a batch's setup would make, under a name. */
export type Furnish = (folder: string, name: string) => void

/** Runs batches in one process; `top` is where the folders are made. */
export class Actor {
  readonly #session: Session
  readonly #top: string
  readonly #furnish: Furnish | undefined
  #folder = ''
  #renewals = 0

  /** With `furnish` no setup is run. */
  constructor(posix: Posix, top: string, furnish?: Furnish) {
    this.#session = openSession(posix)
    this.#top = top
    this.#furnish = furnish
  }

  /** The result of each command. */
  run({ folder, setup, commands, renew }: Batch): string[] {
    if (folder !== this.#folder) this.#enter(folder, folder, setup)
    return commands.map(command => {
      const result = runCommand(this.#session, command)
      if (renew && !isFailure(result) && changes(command))
        this.#enter(folder, `${folder}-${++this.#renewals}`, setup)
      return result
    })
  }

  #enter(folder: string, name: string, setup: readonly Command[]): void {
    endSession(this.#session)
    const { posix } = this.#session
    posix.chdir(this.#top)
    if (this.#furnish === undefined) this.#make(name)
    else this.#furnish(folder, name)
    posix.chdir(name)
    if (this.#furnish === undefined) this.#setUp(setup)
    this.#folder = folder
  }

  #setUp(setup: readonly Command[]): void {
    for (const command of setup) {
      const result = runCommand(this.#session, command)
      if (isFailure(result)) {
        throw new Error(`${command.call} ${command.args.join(' ')}: ${result}`)
      }
    }
  }

  /** Everybody may make names in it. */
  #make(name: string): void {
    const target = { path: name, follow: false }
    try {
      this.#session.posix.stat(target)
    } catch {
      this.#session.posix.makeDirectory(name, 0o777)
    }
  }

  close(): void {
    endSession(this.#session)
  }
}
