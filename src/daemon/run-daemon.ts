import { homePaths } from '../base/home.ts'
import type { Status } from '../control/api.ts'
import { compose, type Daemon } from './compose.ts'
import type { Environment } from './find-home.ts'
import { lockHome } from './home-lock.ts'
import { type Log, openLogger } from './logger.ts'
import { openServiceManager, type ServiceManager } from './notify-systemd.ts'
import type { Settings } from './settings.ts'

export interface RunDaemonOptions {
  readonly environment: Environment
  readonly version: string
  /** Reads the settings again, as at the start. */
  readonly readSettings: () => Promise<Settings>
  /** Log lines for people, else JSON. */
  readonly plainLog: boolean
  readonly writeLog: (line: string) => void
  /** Called once everything answers; `summary` says what is where, on one line. */
  readonly onReady: (status: Status, summary: string) => void
}

/**
 * The daemon's life: takes the home's lock, composes, serves, and ends in order when a signal or
 * `cairn stop` says so; a second signal cuts what is under way short. Throws what keeps it from starting.
 */
export async function runDaemon(settings: Settings, options: RunDaemonOptions): Promise<void> {
  const lock = lockHome(homePaths(settings.home))
  const log = openLogger({
    level: settings.logLevel,
    plain: options.plainLog,
    write: options.writeLog
  })
  const end = watchEnd(log)
  try {
    const manager = await openServiceManager(options.environment)
    const { version, readSettings } = options
    const daemon = await compose({ settings, log, version, readSettings, stop: end.ask })
    const watchdog = beginWatch(manager)
    manager.notify(`READY=1\nSTATUS=${daemon.summary}`)
    options.onReady(daemon.status(), daemon.summary)
    await end.asked
    clearInterval(watchdog)
    manager.notify('STOPPING=1')
    await close(daemon, end.hurry, log)
  } finally {
    end.forget()
    lock.release()
  }
}

async function close(daemon: Daemon, hurry: AbortSignal, log: Log): Promise<void> {
  log.info({}, 'stopping')
  await daemon.close(hurry)
  log.info({}, 'stopped')
}

interface End {
  /** Resolves once somebody asked. */
  readonly asked: Promise<void>
  /** Aborted by the second request. */
  readonly hurry: AbortSignal
  readonly ask: () => void
  readonly forget: () => void
}

/** SIGHUP: the terminal that it was started from is closed. */
const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function watchEnd(log: Log): End {
  const { promise: asked, resolve } = Promise.withResolvers<void>()
  const hurry = new AbortController()
  let times = 0
  const ask = () => {
    times++
    if (times === 2) hurry.abort()
    resolve()
  }
  const onSignal = (signal: NodeJS.Signals) => {
    log.info({ signal }, 'a signal asks to stop')
    ask()
  }
  for (const signal of endSignals) process.on(signal, onSignal)
  return {
    asked,
    hurry: hurry.signal,
    ask,
    forget: () => {
      for (const signal of endSignals) process.off(signal, onSignal)
    }
  }
}

/** Twice as often as the manager wants to hear it, from the loop that serves: a loop that hangs is silent. */
function beginWatch(manager: ServiceManager): NodeJS.Timeout | undefined {
  if (manager.watchdogMs === undefined) return undefined
  return setInterval(() => manager.notify('WATCHDOG=1'), manager.watchdogMs / 2).unref()
}
