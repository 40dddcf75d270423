import type { Status } from '../control/api.ts'
import type { Names } from '../names/api.ts'
import { openCatalog } from '../pull/catalog.ts'
import { RetentionState } from '../pull/retention/retention-state.ts'
import { policyOf } from './collect.ts'
import { type Content, mfsRootName } from './content.ts'
import { showAddress } from './listen-address.ts'
import { type Metric, metricsOf } from './metrics.ts'
import type { Mounts } from './mounts.ts'
import type { Ports } from './open-ports.ts'
import type { Packages } from './packages.ts'
import type { Settings } from './settings.ts'

export interface DescribeOptions {
  readonly settings: Settings
  readonly version: string
  readonly startedMs: number
  readonly content: Content
  readonly mounts: Mounts
  readonly packages: Packages
  readonly names: Names
}

type Where = Pick<Ports, 'address' | 'shared'>

/** What the daemon tells of itself. */
export interface Description {
  status: (where: Where) => Status
  /** One line for who started it. */
  summary: (where: Where) => string
  metrics: (answers: ReadonlyMap<string, number>) => Metric[]
}

export function describeDaemon(options: DescribeOptions): Description {
  const { content, mounts, packages, startedMs } = options
  const catalog = openCatalog(content.database)
  const counts = () => ({
    store: content.store.statistics(),
    catalog: catalog.statistics(),
    pull: packages.statistics(),
    cache: cacheOf(options)
  })
  const status = (where: Where): Status => ({
    ...identity(options, where),
    ...counts(),
    mounts: mounts.status(),
    names: countNames(options.names),
    mfs: content.roots.get(mfsRootName)?.cid.toString(),
    memoryBytes: process.memoryUsage.rss()
  })
  return {
    status,
    summary: where => showSummary(status(where)),
    metrics: answers =>
      metricsOf({
        ...counts(),
        answers,
        fuse: mounts
          .statistics()
          .map(({ mount, statistics }) => ({ mount, requests: statistics.requests })),
        mounts: mounts.status().map(({ name, state }) => ({ name, mounted: state === 'mounted' })),
        process: { ...measureProcess(), startedMs }
      })
  }
}

function cacheOf({ content, packages }: DescribeOptions): Status['cache'] {
  const { keptFileBytes: _, ...facts } = new RetentionState(content.database).read()
  return { ...policyOf(packages.settings()), ...facts }
}

function identity({ settings, version, startedMs }: DescribeOptions, where: Where) {
  const { home, network } = settings
  return {
    version,
    pid: process.pid,
    startedMs,
    home,
    network,
    listen: showAddress(where.address),
    share: shareOf(where)
  }
}

function shareOf({ shared }: Where): Status['share'] {
  if (shared === undefined) return undefined
  return { listen: showAddress(shared.address), fingerprint: shared.fingerprint }
}

function countNames(names: Names): Status['names'] {
  const shown = names.list()
  return {
    published: names.publications().length,
    followed: names.follows().length,
    stale: shown.filter(({ stale }) => stale).length,
    heads: names.heads().length
  }
}

function measureProcess(): { cpuSeconds: number; residentBytes: number } {
  const { user, system } = process.cpuUsage()
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() }
}

function showSummary(status: Status): string {
  const mounted = status.mounts.filter(({ state }) => state === 'mounted').map(({ path }) => path)
  const where = mounted.length === 0 ? 'not mounted' : `mounted ${mounted.join(' ')}`
  const shared = status.share === undefined ? '' : ` shared https://${status.share.listen}/,`
  return `cairn is ready: http://${status.listen}/,${shared} ${where}, home ${status.home}`
}
