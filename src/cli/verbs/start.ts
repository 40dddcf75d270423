import { refuseUnsafe } from '../../daemon/refuse-unsafe.ts'
import { runDaemon } from '../../daemon/run-daemon.ts'
import { loadSettings } from '../../daemon/settings.ts'
import type { Cli, CommonOptions } from '../cli.ts'

export interface StartOptions extends CommonOptions {
  readonly mount?: string
  readonly listen?: string
  readonly share?: string
  readonly network?: string
  readonly logLevel?: string
}

/** Runs the daemon until it is told to stop. One line says what is where once it is ready. */
export async function start(cli: Cli, options: StartOptions): Promise<void> {
  const { home, mount, listen, share, network, logLevel } = options
  const readSettings = () =>
    loadSettings({
      flags: { home, mount, listen, share, network, logLevel },
      environment: cli.environment
    })
  const settings = await readSettings()
  refuseUnsafe(settings)
  cli.releaseSignals()
  await runDaemon(settings, {
    environment: cli.environment,
    version: cli.version,
    readSettings,
    plainLog: cli.terminal.interactive,
    writeLog: line => void cli.terminal.stderr.write(line),
    onReady: (status, summary) =>
      options.json === true ? cli.terminal.printJson(status) : cli.terminal.print(summary)
  })
}
