import type { Command } from 'commander'
import { toCairnError } from '../base/errors.ts'
import type { Cli } from './cli.ts'
import { exitStatus } from './exit-status.ts'
import { buildProgram } from './program.ts'
import { readVersion } from './read-version.ts'
import { openTerminal } from './terminal.ts'

/**
 * Parses the arguments, runs the verb and returns the exit status: 0, 1 (failed) or 2 (usage).
 * The first SIGINT or SIGTERM aborts the verb; then the process ends by that signal, as shells expect.
 */
export async function runCommandLine(process: NodeJS.Process): Promise<number> {
  const interruption = new AbortController()
  const interrupt = (name: NodeJS.Signals) => {
    interruption.abort(name)
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  const cli: Cli = {
    terminal: openTerminal(process),
    version: readVersion(),
    environment: process.env,
    stdin: process.stdin,
    signal: interruption.signal,
    releaseSignals: () => process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
  const status = await parse(buildProgram(cli), cli, process.argv)
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  if (interruption.signal.aborted) process.kill(process.pid, interruption.signal.reason)
  return status
}

async function parse(program: Command, cli: Cli, argv: readonly string[]): Promise<number> {
  try {
    await program.parseAsync(argv)
    return 0
  } catch (cause) {
    if (isCommanderError(cause)) return cause.exitCode === 0 ? 0 : 2
    const error = toCairnError(cause)
    if (!cli.signal.aborted) cli.terminal.fail(error, argv.includes('--json'))
    return exitStatus[error.code]
  }
}

/** Commander has printed it already: https://github.com/tj/commander.js#override-exit-and-output-handling */
function isCommanderError(cause: unknown): cause is { exitCode: number } {
  return cause instanceof Error && cause.constructor.name.endsWith('CommanderError')
}
