import { readFile } from 'node:fs/promises'
import { aptAdapter } from '../../adapters/apt/adapter.ts'
import { ociAdapter } from '../../adapters/oci/adapter.ts'
import { systemClock } from '../base/clock.ts'
import { CairnError, toCairnError, type Want } from '../base/errors.ts'
import type { HttpDoor } from '../base/http.ts'
import { openMirrorDoor } from '../mirror/mirror-door.ts'
import { openProxyDoor } from '../mirror/proxy-door.ts'
import type { Upstream } from '../pull/adapter.ts'
import type { PullStatistics } from '../pull/api.ts'
import type { PullPeers } from '../pull/ask-peers.ts'
import { openCatalog } from '../pull/catalog.ts'
import { openFetchUpstream } from '../pull/fetch-upstream.ts'
import type { GrowingImage } from '../pull/image/growing-image.ts'
import { imageSuffix } from '../pull/image/unpack-image.ts'
import type { InUse } from '../pull/in-use.ts'
import { openPull } from '../pull/open.ts'
import { openPoliteFetch } from '../pull/polite-fetch.ts'
import { openUnpacking } from '../pull/unpack.ts'
import { profiles } from '../unixfs/profiles.ts'
import { openUnixfsWriter } from '../unixfs/writer.ts'
import type { Content } from './content.ts'
import type { Log } from './logger.ts'
import { refuseOffline } from './offline.ts'
import { npmAccounts, openNpm, openNpmParts } from './open-npm.ts'
import { ociAccounts, openOci } from './open-oci.ts'
import { openRegistryFetch } from './open-registry-fetch.ts'
import type { AptUpstream } from './parse-apt-upstreams.ts'
import type { Settings } from './settings.ts'

export interface PackagesOptions {
  readonly settings: Settings
  readonly content: Content
  readonly log: Log
  /** Who else may have what upstreams have. */
  readonly peers: PullPeers | undefined
  readonly inUse: InUse
}

/** The package mirror: the pull-through engine, its adapters, their unpacking and its doors. */
export interface Packages {
  readonly doors: readonly HttpDoor[]
  statistics: () => PullStatistics
  /** Those in force. */
  settings: () => Settings
  /** Mirrors the upstreams of new settings from the next request on. */
  configure: (settings: Settings) => void
  /** Gets what the package tree wanted: an archive unpacked, or a layer of one. */
  satisfy: (want: Want, signal: AbortSignal) => Promise<unknown>
  /** What is known of the image of a catalog key while it is unpacked. */
  growing: (key: string) => GrowingImage | undefined
  close: () => Promise<void>
}

export function openPackages(options: PackagesOptions): Packages {
  const { settings, content, log, peers, inUse } = options
  let current = settings
  const plainFetch = openFetchUpstream()
  const onlineFetch = refuseOffline(plainFetch, () => current)
  const politeFetch = openPoliteFetch(onlineFetch, systemClock)
  const fetchUpstream = openRegistryFetch(politeFetch, () => [
    ...ociAccounts(current),
    ...npmAccounts(current)
  ])
  const npm = openNpmParts()
  const parts = {
    catalog: openCatalog(content.database),
    blocks: content.store,
    reader: content.reader,
    writer: openUnixfsWriter(content.store, profiles[settings.profile]),
    log,
    inUse,
    adapters: [aptAdapter, npm.adapter, ociAdapter]
  }
  const pull = openPull({
    ...parts,
    flights: content.paths.flights,
    fetchUpstream,
    ...(peers === undefined ? {} : { peers }),
    clock: systemClock
  })
  const unpacking = openUnpacking(parts)
  tellHidden(log, settings, parts.catalog.hosted('apt/'))
  const own = { ...parts, settings: () => current, content, pull, fetchUpstream }
  const oci = openOci(own)
  return {
    doors: [
      openProxyDoor({
        pull,
        hosts: () => current.proxyHosts,
        others: () => Object.values(current.aptUpstreams).map(({ url }) => new URL(url).origin)
      }),
      openMirrorDoor({
        pull,
        adapter: aptAdapter,
        upstreams: () => aptUpstreams(current, parts.catalog.hosted('apt/')),
        proxy: true
      }),
      openNpm({ ...own, documents: npm.documents }),
      oci.door
    ],
    settings: () => current,
    configure: changed => {
      current = changed
      tellHidden(log, changed, parts.catalog.hosted('apt/'))
    },
    statistics: () => pull.statistics(),
    satisfy: ({ kind, id }, signal) => {
      if (kind === 'layer') return oci.images.settled(id, { signal })
      if (id.endsWith(imageSuffix)) return oci.images.begin(id, { signal })
      return unpacking.unpack(id, { signal })
    },
    growing: key => oci.images.growing(key),
    close: async () => {
      await pull.close()
      await npm.documents.close()
      plainFetch.close()
    }
  }
}

/** Else nobody would see why an upstream is never asked. */
function tellHidden(log: Log, settings: Settings, places: readonly string[]): void {
  for (const place of places) {
    if (!Object.hasOwn(settings.aptUpstreams, place.slice('apt/'.length))) continue
    const why = 'an archive of this name is published here: give it another in config.yaml'
    log.warn({ upstream: place }, `an upstream is not asked: ${why}`)
  }
}

/** A name under which something is published here is looked up here alone, whatever is configured. */
function aptUpstreams(settings: Settings, places: readonly string[]): Record<string, Upstream> {
  const named = Object.entries(settings.aptUpstreams).map(
    ([name, upstream]) => [name, aptUpstream(name, upstream)] as const
  )
  const hosted = places.map(place => {
    const name = place.slice('apt/'.length)
    return [name, { name, url: 'http://hosted.invalid/', hosted: true }] as const
  })
  return Object.fromEntries([...named, ...hosted])
}

function aptUpstream(name: string, { url, keyring }: AptUpstream): Upstream {
  if (keyring === undefined) return { name, url }
  return {
    name,
    url,
    keyring: () =>
      readFile(keyring).catch((cause: unknown) => {
        const why = toCairnError(cause).message
        throw new CairnError(
          'io',
          `the keyring of ${name} cannot be read (${why}): see config.yaml`
        )
      })
  }
}
