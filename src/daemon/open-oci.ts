import { ociAdapter } from '../../adapters/oci/adapter.ts'
import { systemClock } from '../base/clock.ts'
import type { HttpDoor } from '../base/http.ts'
import { openOciDoor } from '../mirror/oci/oci-door.ts'
import type { Upstream } from '../pull/adapter.ts'
import type { Catalog, FetchUpstream, Log, Pull } from '../pull/api.ts'
import type { ImageUnpacking } from '../pull/image/unpack-image.ts'
import type { Account } from '../pull/registry/authorised-fetch.ts'
import { openPointers } from '../pull/registry/pointers.ts'
import { openRepositories } from '../pull/registry/repositories.ts'
import { openUploads } from '../pull/registry/uploads.ts'
import type { UnixfsWriter } from '../unixfs/api.ts'
import type { Content } from './content.ts'
import { openImages } from './open-images.ts'
import type { Settings } from './settings.ts'

/** The registries of the settings, each with the part of its host that is the registry. */
export function ociAccounts({ ociUpstreams }: Settings): Account[] {
  return Object.entries(ociUpstreams).map(([name, { url, ...rest }]) => ({
    ...rest,
    name,
    base: `${url}v2/`
  }))
}

export interface OciOptions {
  readonly settings: () => Settings
  readonly content: Content
  readonly catalog: Catalog
  readonly writer: UnixfsWriter
  readonly pull: Pull
  /** With what each registry wants to be asked by. */
  readonly fetchUpstream: FetchUpstream
  readonly log: Log
}

export interface Oci {
  readonly door: HttpDoor
  /** Unpacks images, for the mount. */
  readonly images: ImageUnpacking
}

/** The registry: what is pushed here, and what is mirrored. */
export function openOci(options: OciOptions): Oci {
  const { settings, content, catalog, writer, pull, fetchUpstream, log } = options
  const { database, store: blocks, reader, paths } = content
  const clock = systemClock
  const repositories = openRepositories({ database, blocks, writer, clock })
  const parts = { database, catalog, repositories, store: blocks, writer, clock }
  const upstreams = () => namedUpstreams(settings())
  const images = openImages({
    content,
    catalog,
    writer,
    pull,
    repositories,
    upstreams,
    fetchUpstream
  })
  const door = openOciDoor({
    adapter: ociAdapter,
    upstreams,
    otherwise: () => settings().ociOtherwise,
    pull,
    catalog,
    reader,
    repositories,
    fetchUpstream,
    log,
    pointers: openPointers({ database, fetchUpstream, clock }),
    uploads: openUploads({ ...parts, folder: paths.uploads })
  })
  return { door, images }
}

function namedUpstreams({ ociUpstreams }: Settings): Record<string, Upstream> {
  const named = Object.entries(ociUpstreams).map(
    ([name, { url }]) => [name, { name, url }] as const
  )
  return Object.fromEntries(named)
}
