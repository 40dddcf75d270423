import type { Status } from '../control/api.ts'
import type { CatalogStatistics, PullCounts, PullStatistics } from '../pull/api.ts'
import type { StoreStatistics } from '../store/api.ts'

/** One number, or one a label, of `/metrics`; names as https://prometheus.io/docs/practices/naming/ wants them. */
export interface Metric {
  readonly name: string
  readonly help: string
  readonly kind: 'gauge' | 'counter'
  readonly labels?: readonly string[]
  readonly values: ReadonlyArray<{
    readonly value: number
    readonly labels?: Record<string, string>
  }>
}

export interface MeasuredState {
  readonly store: StoreStatistics
  readonly catalog: CatalogStatistics
  readonly pull: PullStatistics
  readonly cache: Status['cache']
  /** By mount name, then by operation. */
  readonly fuse: ReadonlyArray<{
    readonly mount: string
    readonly requests: Readonly<Record<string, number>>
  }>
  readonly mounts: ReadonlyArray<{ readonly name: string; readonly mounted: boolean }>
  /** `door status` → count. */
  readonly answers: ReadonlyMap<string, number>
  readonly process: {
    readonly cpuSeconds: number
    readonly residentBytes: number
    readonly startedMs: number
  }
}

/** What the daemon knows of itself, as metrics. */
export function metricsOf(state: MeasuredState): Metric[] {
  const { store, catalog, pull, cache, process } = state
  return [
    gauge('cairn_store_blocks', 'Blocks in the store', store.blocks),
    gauge('cairn_store_bytes', 'Bytes of these blocks', store.bytes),
    gauge('cairn_segments', 'Segment files', store.segments),
    gauge('cairn_segment_bytes', 'Bytes of the segment files', store.segmentBytes),
    held(catalog, 'items', 'cairn_catalog_items', 'Packages and indexes held'),
    held(catalog, 'bytes', 'cairn_catalog_bytes', 'Bytes of these'),
    gauge('cairn_pull_flights', 'Downloads in progress', pull.flights),
    pulled(pull, 'requests', 'cairn_pull_requests_total', 'Items asked for'),
    pulled(pull, 'hits', 'cairn_pull_hits_total', 'Items answered from the store'),
    pulled(pull, 'stale', 'cairn_pull_stale_total', 'Items answered stale, the upstream failing'),
    pulled(pull, 'failures', 'cairn_pull_failures_total', 'Items that could not be had'),
    pulled(pull, 'bytesServed', 'cairn_pull_served_bytes_total', 'Bytes given to clients'),
    pulled(pull, 'bytesFetched', 'cairn_pull_fetched_bytes_total', 'Bytes taken from upstreams'),
    gauge('cairn_pull_troubles', 'What of upstreams failed when last asked', pull.troubles.length),
    ...bound('cairn_cache_budget_bytes', 'What may be cached', cache.budgetBytes),
    gauge('cairn_cache_bytes', 'What is cached, as it was measured last', cache.cachedBytes),
    counter('cairn_cache_dropped_bytes_total', 'Bytes not kept any more', cache.droppedBytes),
    counter('cairn_collected_bytes_total', 'Bytes of segment files freed', cache.freedBytes),
    counter('process_cpu_seconds_total', 'CPU time of all threads', process.cpuSeconds),
    gauge('process_resident_memory_bytes', 'Resident memory', process.residentBytes),
    gauge('process_start_time_seconds', 'Start, since 1970', process.startedMs / 1000),
    mounted(state),
    fuseRequests(state),
    httpAnswers(state)
  ]
}

function gauge(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'gauge', values: [{ value }] }
}

function counter(name: string, help: string, value: number): Metric {
  return { name, help, kind: 'counter', values: [{ value }] }
}

/** None is shown where there is no bound. */
function bound(name: string, help: string, value: number | undefined): Metric[] {
  return value === undefined ? [] : [gauge(name, help, value)]
}

/** A number an adapter. */
function pulled(
  { adapters }: PullStatistics,
  count: keyof PullCounts,
  name: string,
  help: string
): Metric {
  const values = Object.entries(adapters).map(([adapter, counts]) => ({
    value: counts[count],
    labels: { adapter }
  }))
  return { name, help, kind: 'counter', labels: ['adapter'], values }
}

function held(
  { adapters }: CatalogStatistics,
  count: 'items' | 'bytes',
  name: string,
  help: string
): Metric {
  const values = Object.entries(adapters).map(([adapter, counts]) => ({
    value: counts[count],
    labels: { adapter }
  }))
  return { name, help, kind: 'gauge', labels: ['adapter'], values }
}

function mounted({ mounts }: MeasuredState): Metric {
  return {
    name: 'cairn_mounted',
    help: '1 while the tree is mounted',
    kind: 'gauge',
    labels: ['mount'],
    values: mounts.map(({ name, mounted }) => ({
      value: mounted ? 1 : 0,
      labels: { mount: name }
    }))
  }
}

function fuseRequests({ fuse }: MeasuredState): Metric {
  return {
    name: 'cairn_fuse_requests_total',
    help: 'Requests of the kernel',
    kind: 'counter',
    labels: ['mount', 'operation'],
    values: fuse.flatMap(({ mount, requests }) =>
      Object.entries(requests).map(([operation, value]) => ({
        value,
        labels: { mount, operation }
      }))
    )
  }
}

function httpAnswers({ answers }: MeasuredState): Metric {
  return {
    name: 'cairn_http_answers_total',
    help: 'HTTP requests answered',
    kind: 'counter',
    labels: ['door', 'status'],
    values: [...answers].map(([label, value]) => {
      const [door = '', status = ''] = label.split(' ')
      return { value, labels: { door, status } }
    })
  }
}
