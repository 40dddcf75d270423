import { execFile } from 'node:child_process'

export interface CommandResult {
  /** The exit status; undefined if the command was not found, not allowed or killed. */
  readonly status: number | undefined
  /** The system's word for why it could not be started: `ENOENT`, `EACCES`. */
  readonly failure: string | undefined
  readonly stderr: string
}

/** Commands that mount and unmount take milliseconds; one that hangs is killed. */
export const commandMs = 5000

/** Runs a command to its end. Never rejects. */
export function runCommand(command: string, args: readonly string[]): Promise<CommandResult> {
  const { promise, resolve } = Promise.withResolvers<CommandResult>()
  const options = { timeout: commandMs, killSignal: 'SIGKILL' as const }
  const child = execFile(command, args, options, (error, _stdout, stderr) => {
    const code = error?.code
    resolve({
      status: error === null ? 0 : typeof code === 'number' ? code : undefined,
      failure: typeof code === 'string' ? code : undefined,
      stderr: stderr.trim()
    })
  })
  child.stdin?.end()
  return promise
}
