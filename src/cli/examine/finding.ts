import type { HomePaths } from '../../base/home.ts'
import type { Status } from '../../control/api.ts'
import type { Environment } from '../../daemon/find-home.ts'
import type { Settings } from '../../daemon/settings.ts'

/** What one check found. */
export interface Finding {
  readonly check: string
  readonly verdict: 'ok' | 'warn' | 'fail'
  readonly found: string
  /** What to do, if anything. */
  readonly advice?: string
}

/** What a check looks at. */
export interface Examined {
  readonly settings: Settings
  readonly paths: HomePaths
  readonly environment: Environment
  /** What the daemon on the home's socket says of itself, if one answers. */
  readonly running: Status | undefined
}

export type Check = (examined: Examined) => Promise<Finding> | Finding
