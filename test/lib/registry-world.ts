import { createHash } from 'node:crypto'
import { ociAdapter } from '../../adapters/oci/adapter.ts'
import { isReferrersUrl, repositoryOf } from '../../adapters/oci/classify.ts'
import type { Digest } from '../../src/base/digest.ts'
import { homePaths } from '../../src/base/home.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import { openOciDoor } from '../../src/mirror/oci/oci-door.ts'
import { type Account, openAuthorisedFetch } from '../../src/pull/registry/authorised-fetch.ts'
import { openPointers } from '../../src/pull/registry/pointers.ts'
import { openRepositories } from '../../src/pull/registry/repositories.ts'
import { openUploads } from '../../src/pull/registry/uploads.ts'
import { openWholeLists } from '../../src/pull/registry/whole-lists.ts'
import { openPullWorld, type PullWorld, shortPatience, type WorldOptions } from './pull-world.ts'

export interface RegistryWorld extends PullWorld {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string
  readonly port: number
  /** A request below `/v2/`. */
  ask: (path: string, init?: RequestInit) => Promise<Response>
}

export interface RegistryOptions extends WorldOptions {
  readonly upstreams?: Readonly<Record<string, Partial<Account> & { url: string }>>
  readonly otherwise?: string
  /** Of uploads that become segments as they are. */
  readonly adoptedBytes?: number
}

/** The OCI door over a home of its own, behind the daemon's HTTP server. */
export async function openRegistryWorld(options: RegistryOptions = {}): Promise<RegistryWorld> {
  const accounts = Object.entries(options.upstreams ?? {}).map(([name, { url, ...more }]) => ({
    name,
    base: url,
    credentials: undefined,
    realm: undefined,
    redirects: [],
    offline: false,
    ...more
  }))
  const authorised: NonNullable<WorldOptions['wrapFetch']> = (fetchUpstream, clock) =>
    openWholeLists(
      openAuthorisedFetch({
        fetchUpstream,
        accountOf: url => accounts.find(({ base }) => url.startsWith(base)),
        spaceOf: repositoryOf,
        clock
      }),
      isReferrersUrl
    )
  const world = openPullWorld({ ...options, adapters: [ociAdapter], wrapFetch: authorised })
  const { catalog, database, store: blocks, writer, clock, reader, pull, fetchUpstream } = world
  const repositories = openRepositories({ database, blocks, writer, clock })
  const folder = homePaths(world.home).uploads
  const door = openOciDoor({
    adapter: ociAdapter,
    upstreams: () =>
      Object.fromEntries(accounts.map(({ name, base }) => [name, { name, url: base }])),
    otherwise: () => options.otherwise,
    pull,
    catalog,
    reader,
    repositories,
    fetchUpstream,
    log: { info: () => {}, warn: (facts, message) => void world.warnings.push({ facts, message }) },
    pointers: openPointers({ database, fetchUpstream, clock, patience: shortPatience }),
    uploads: openUploads({
      ...{ database, catalog, repositories, store: blocks, writer, clock, folder },
      ...(options.adoptedBytes === undefined ? {} : { adoptedBytes: options.adoptedBytes })
    })
  })
  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const server = await openHttpServer(
    { host: '127.0.0.1', port: 0 },
    { doors: [door], log: log as never }
  )
  const { port } = server.address
  const url = `http://127.0.0.1:${port}`
  const stop = () => server.close(AbortSignal.abort())
  return {
    ...world,
    url,
    port,
    ask: (path, init) => fetch(url + path, init),
    close: () => stop().then(world.close),
    remove: () => stop().then(world.remove)
  }
}

export function digest256(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

export interface Pushed {
  readonly bytes: Buffer
  readonly digest: Digest
}

/** Pushes a blob in one request. */
export async function pushBlob(
  { ask }: Pick<RegistryWorld, 'ask'>,
  name: string,
  content: string | Buffer
): Promise<Pushed> {
  const bytes = Buffer.from(content)
  const digest = digest256(bytes)
  const answer = await ask(`/v2/${name}/blobs/uploads/?digest=${digest}`, {
    method: 'POST',
    body: new Uint8Array(bytes)
  })
  if (answer.status !== 201) throw new Error(`a blob was answered ${answer.status}`)
  return { bytes, digest }
}

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
export const indexType = 'application/vnd.oci.image.index.v1+json'

/** A manifest over a config and layers, as bytes; more fields may be added. */
export function manifestOver(config: Pushed, layers: readonly Pushed[], more: object = {}): Buffer {
  const descriptor = (mediaType: string, { digest, bytes }: Pushed) => ({
    mediaType,
    digest,
    size: bytes.length
  })
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: descriptor('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map(layer => descriptor('application/vnd.oci.image.layer.v1.tar', layer)),
      ...more
    })
  )
}

export async function pushManifest(
  { ask }: Pick<RegistryWorld, 'ask'>,
  path: string,
  bytes: Buffer,
  type = manifestType
): Promise<Response> {
  const headers = { 'content-type': type }
  return await ask(`/v2/${path}`, { method: 'PUT', headers, body: new Uint8Array(bytes) })
}

/** Status and code of an error, as the specification words it. */
export async function codeOf(answer: Response): Promise<string> {
  const { errors } = (await answer.json()) as { errors: Array<{ code: string; message: string }> }
  return `${answer.status} ${errors[0]?.code}`
}

/** A world for one test; it goes with it. */
export async function setUpRegistry(t: {
  teardown: (work: () => Promise<void>) => void
}): Promise<RegistryWorld> {
  const world = await openRegistryWorld()
  t.teardown(world.remove)
  return world
}
