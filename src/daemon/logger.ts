import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogLevel } from './settings-table.ts'

/** Where the daemon says what it did: facts as fields first, then a static message. */
export type Log = Pick<Logger, LogLevel>

export interface LoggerOptions {
  readonly level: LogLevel
  /** Plain lines for people; else one JSON object a line. */
  readonly plain: boolean
  /** Takes one line with its newline. */
  readonly write: (line: string) => void
}

/**
 * The daemon's log: a static message with facts as fields; never a body, a token or a key.
 * https://getpino.io
 */
export function openLogger(options: LoggerOptions): Log {
  const write = options.plain
    ? (line: string) => options.write(plainLine(JSON.parse(line)))
    : options.write
  const destination: DestinationStream = { write }
  const levels = { level: (label: string) => ({ level: label }) }
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: levels
    },
    destination
  )
}

/** `12:01:02 warn message field=value …` and an error's stack on lines of its own. */
export function plainLine(record: Readonly<Record<string, unknown>>): string {
  const { time, level, msg, err, ...fields } = record
  const shown = Object.entries(fields).map(([name, value]) => ` ${name}=${showValue(value)}`)
  const clock = String(time).slice(11, 19)
  return `${clock} ${String(level).padEnd(5)} ${msg ?? ''}${shown.join('')}${showError(err)}\n`
}

function showValue(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

function showError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { stack, message } = error as { stack?: unknown; message?: unknown }
  const text = typeof stack === 'string' ? stack : String(message)
  return `\n${text.replace(/^/gm, '    ')}`
}
