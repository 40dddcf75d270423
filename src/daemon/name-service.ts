import type { CID } from 'multiformats/cid'
import { systemClock } from '../base/clock.ts'
import { CairnError } from '../base/errors.ts'
import type { BlockSource, NameSink, NameSource } from '../base/name-source.ts'
import type { RefreshResult, ResolveResult } from '../control/api.ts'
import type { Names } from '../names/api.ts'
import { DagFetcher } from '../names/fetch-dag.ts'
import { parseRecordValue } from '../names/record-value.ts'
import { Refresher } from '../names/refresh.ts'
import { type ResolveOptions, resolveName } from '../names/resolve-name.ts'
import type { Content } from './content.ts'
import { type NameKeeping, openNameKeeping } from './keep-names.ts'
import type { Log } from './logger.ts'
import { nameSourcesOf } from './name-sources.ts'
import { openNamesOf } from './open-names.ts'
import type { Settings } from './settings.ts'
import { NameVisits } from './visit-names.ts'

export interface NameServiceOptions {
  readonly settings: Settings
  readonly content: Content
  readonly log: Log
  /** Whom to ask besides the gateways of the settings. */
  readonly sources: ReadonlyArray<NameSource & BlockSource>
  /** Who else takes records. */
  readonly sinks: readonly NameSink[]
  /** Entries of /ipns that lead elsewhere now. */
  readonly moved: (entries: readonly string[]) => Promise<void>
}

/** The names of a home, and what is done for them while the daemon runs. */
export interface NameService extends NameKeeping {
  readonly names: Names
  /** Brings blocks of any CID here, from whom names are asked of; undefined where there is nobody. */
  readonly fetcher: DagFetcher | undefined
  /** The same where there is nobody to ask: it has what is here. */
  readonly content: DagFetcher
  refresh: (which: string, signal: AbortSignal) => Promise<RefreshResult>
  /** As `NameVisits.visit`. */
  visit: (name: string, signal: AbortSignal) => Promise<void>
  /** Throws as `resolveName`. */
  resolve: (name: string, signal: AbortSignal) => Promise<ResolveResult>
}

export function openNameService(options: NameServiceOptions): NameService {
  const { settings, content, log, sources, sinks, moved } = options
  const names = openNamesOf(content, settings)
  const { fetcher, refresher, asks } = openRefresher(content, settings, names, {
    more: sources,
    moved: () => void keeping.changed()
  })
  const keeping: NameKeeping = openNameKeeping({
    names,
    content,
    refresher,
    asks,
    sinks,
    clock: systemClock,
    log,
    moved
  })
  const visits = new NameVisits({
    names,
    clock: systemClock,
    resolve: (name, signal) =>
      contentOf(name, resolvingOf(settings, names, sources), fetcher, signal)
  })
  return {
    names,
    visit: (name, signal) => visits.visit(name, signal),
    fetcher: asks ? fetcher : undefined,
    content: fetcher,
    refresh: async (which, signal) => {
      const result = await refreshNow({ names, refresher, asks }, which, signal)
      await keeping.changed()
      return result
    },
    resolve: (name, signal) => resolveName(name, resolvingOf(settings, names, sources), signal),
    begin: () => keeping.begin(),
    changed: () => keeping.changed(),
    sealed: () => keeping.sealed(),
    tell: published => keeping.tell(published),
    heard: name => keeping.heard(name),
    lookOut: alias => keeping.lookOut(alias),
    close: () => keeping.close()
  }
}

/** Where a name stands; its root is here then. */
async function contentOf(
  name: string,
  resolving: ResolveOptions,
  fetcher: DagFetcher,
  signal: AbortSignal
): Promise<CID> {
  const { path } = await resolveName(name, resolving, signal)
  const target = parseRecordValue(path)
  if (target.kind === 'content') return await fetcher.walk(target.cid, target.path, signal)
  throw new CairnError('invalid', `${name} leads to ${path}, which is no content`)
}

/** What is asked where a name stands that need not be followed. */
export function resolvingOf(
  settings: Settings,
  names: Names,
  more: readonly NameSource[] = []
): ResolveOptions {
  const { sources, dnslink } = nameSourcesOf(settings)
  return { names, sources: [...more, ...sources], dnslink, clock: systemClock }
}

interface RefresherParts {
  /** Whom to ask before the gateways of the settings. */
  readonly more?: ReadonlyArray<NameSource & BlockSource>
  /** As in `RefreshOptions`. */
  readonly moved?: () => void
}

/** What asks for names, as the settings allow. */
export function openRefresher(
  { store, reader }: Pick<Content, 'store' | 'reader'>,
  settings: Settings,
  names: Names,
  { more = [], moved = () => {} }: RefresherParts = {}
): { fetcher: DagFetcher; refresher: Refresher; asks: boolean } {
  const { sources: gateways, dnslink } = nameSourcesOf(settings)
  const sources = [...more, ...gateways]
  const fetcher = new DagFetcher({ store, reader, sources })
  const refresher = new Refresher({ names, sources, dnslink, fetcher, moved })
  return { fetcher, refresher, asks: sources.length > 0 || dnslink !== undefined }
}

/** Asks for one followed name now. What kept it from being had is told, not thrown. */
export async function refreshNow(
  { names, refresher, asks }: { names: Names; refresher: Refresher; asks: boolean },
  which: string,
  signal: AbortSignal
): Promise<RefreshResult> {
  const find = () =>
    names.follows().find(({ target, alias }) => target === which || alias === which)
  const before = find()
  if (before === undefined) throw new CairnError('not-found', `${which} is not followed`)
  if (!asks) {
    const problem = 'there is nobody to ask: the network is off, or no gateway is set'
    return { cid: before.cid?.toString(), moved: false, problem }
  }
  try {
    const moved = await refresher.refresh(before, signal)
    return { cid: find()?.cid?.toString(), moved, problem: undefined }
  } catch (cause) {
    if (signal.aborted || !(cause instanceof CairnError)) throw cause
    return { cid: find()?.cid?.toString(), moved: false, problem: cause.message }
  }
}
