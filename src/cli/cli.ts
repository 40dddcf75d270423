import { loadSettings, type Settings } from '../daemon/settings.ts'
import type { Terminal } from './terminal.ts'

/** What a verb is given of the world. */
export interface Cli {
  readonly terminal: Terminal
  /** Of the program, as package.json has it. */
  readonly version: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadStream
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
  /**
   * For a verb that handles signals itself, or that computes without a pause and so could not heed
   * one: from then on they do what they do by default.
   */
  readonly releaseSignals: () => void
}

/** Options that every verb has. */
export interface CommonOptions {
  readonly home?: string
  readonly json?: boolean
}

/** The settings for a verb that has no more flags than `--home`. */
export function settingsOf(cli: Cli, options: CommonOptions): Promise<Settings> {
  return loadSettings({ flags: { home: options.home }, environment: cli.environment })
}
