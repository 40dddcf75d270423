import { systemClock } from '../base/clock.ts'
import { CairnError } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import type { PullStatistics } from '../pull/api.ts'
import { openCatalog } from '../pull/catalog.ts'
import { openPull } from '../pull/open.ts'
import { profiles } from '../unixfs/profiles.ts'
import { openUnixfsWriter } from '../unixfs/writer.ts'
import type { Content } from './content.ts'
import type { Log } from './logger.ts'
import type { Settings } from './settings.ts'

export interface PackagesOptions {
  readonly settings: Settings
  readonly content: Content
  readonly log: Log
}

/** The package mirror: the pull-through engine, its adapters, their unpacking and its doors. */
export interface Packages {
  readonly doors: readonly HttpDoor[]
  statistics: () => PullStatistics
  /** Unpacks the archive of a catalog key, for the mount. */
  unpack: (key: string, signal: AbortSignal) => Promise<unknown>
  close: () => Promise<void>
}

export function openPackages({ settings, content, log }: PackagesOptions): Packages {
  const pull = openPull({
    catalog: openCatalog(content.database),
    blocks: content.store,
    reader: content.reader,
    writer: openUnixfsWriter(content.store, profiles[settings.profile]),
    flights: content.paths.flights,
    adapters: [],
    fetchUpstream: async url => {
      throw new CairnError('upstream', `${url} is of no adapter`)
    },
    clock: systemClock,
    log
  })
  return {
    doors: [],
    statistics: () => pull.statistics(),
    unpack: async key => {
      throw new CairnError('unsupported', `${key} is of no adapter`)
    },
    close: () => pull.close()
  }
}
