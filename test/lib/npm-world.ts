import { makeNpmAdapter } from '../../adapters/npm/adapter.ts'
import { mainUpstream } from '../../adapters/npm/classify.ts'
import { type Documents, openDocuments } from '../../adapters/npm/documents.ts'
import { SignIn } from '../../src/access/sign-in.ts'
import { Tokens } from '../../src/access/tokens.ts'
import { Users } from '../../src/access/users.ts'
import { passwordGuard } from '../../src/daemon/guard.ts'
import { openHttpServer } from '../../src/daemon/http-server.ts'
import { openRegistryFetch } from '../../src/daemon/open-registry-fetch.ts'
import { openNpmDoor } from '../../src/mirror/npm/npm-door.ts'
import type { Registries } from '../../src/mirror/npm/place.ts'
import type { Packages } from '../../src/pull/registry/api.ts'
import type { Account } from '../../src/pull/registry/authorised-fetch.ts'
import { openPackages } from '../../src/pull/registry/packages.ts'
import { openPullWorld, type PullWorld, type WorldOptions } from './pull-world.ts'

export interface NpmWorld extends PullWorld {
  /** `http://127.0.0.1:<port>`, where nobody says who they are. */
  readonly url: string
  /** The same for other machines: users with passwords. */
  readonly shared: string
  readonly packages: Packages
  readonly documents: Documents
  readonly users: Users
  readonly tokens: Tokens
  /** A request below `/npm/`. */
  ask: (path: string, init?: RequestInit) => Promise<Response>
}

export interface NpmOptions extends WorldOptions {
  /** Base URLs by name; `npm` is the main one. */
  readonly upstreams?: Readonly<
    Record<string, { url: string; names?: readonly string[] } & Partial<Account>>
  >
  readonly hosted?: readonly string[]
  readonly minimumAgeMs?: number
  readonly anyAge?: readonly string[]
}

/** Cheap passwords: what is tested is not how long a guess takes. */
const cheap = { N: 16, r: 8, p: 1 }

/** The npm door over a home of its own, behind the daemon's HTTP servers. */
export async function openNpmWorld(options: NpmOptions = {}): Promise<NpmWorld> {
  const upstreams = options.upstreams ?? {}
  const accounts = Object.entries(upstreams).map(([name, { url, names: _, ...more }]) => ({
    name,
    base: url,
    credentials: undefined,
    realm: undefined,
    redirects: [],
    offline: false,
    ...more
  }))
  const documents = openDocuments()
  const adapters = [makeNpmAdapter(documents)]
  const world = openPullWorld({
    ...options,
    adapters,
    wrapFetch: fetchUpstream => openRegistryFetch(fetchUpstream, () => accounts)
  })
  const { catalog, database, store: blocks, writer, clock, reader, pull, fetchUpstream } = world
  const users = new Users(database, clock, cheap)
  const tokens = new Tokens(database, clock)
  const packages = openPackages({ database, blocks, writer, clock })
  const registries: Registries = {
    upstreams: Object.fromEntries(
      Object.entries(upstreams).map(([name, { url, names = [] }]) => [name, { name, url, names }])
    ),
    hosted: options.hosted ?? [],
    minimumAgeMs: options.minimumAgeMs,
    anyAge: options.anyAge ?? []
  }
  const signIn = new SignIn(users, clock, tokens)
  const isUser = (name: string): boolean => users.find(name) !== undefined
  const own = { packages, documents, tokens, signIn, isUser }
  const door = openNpmDoor({
    ...own,
    registries: () => registries,
    pull,
    catalog,
    reader,
    fetchUpstream,
    clock
  })
  const log = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} } as never
  const listen = { host: '127.0.0.1', port: 0 }
  const local = await openHttpServer(listen, { doors: [door], log })
  const guard = passwordGuard(signIn, log)
  const shared = await openHttpServer(listen, { doors: [door], log, guard })
  const url = `http://127.0.0.1:${local.address.port}`
  const stop = async (): Promise<void> => {
    await Promise.all([local, shared].map(server => server.close(AbortSignal.abort())))
    await documents.close()
  }
  return {
    ...world,
    ...own,
    users,
    url,
    shared: `http://127.0.0.1:${shared.address.port}`,
    ask: (path, init) => fetch(`${url}/npm/${path}`, init),
    close: () => stop().then(world.close),
    remove: () => stop().then(world.remove)
  }
}

/** The main upstream at a URL. */
export function mainAt(url: string): NonNullable<NpmOptions['upstreams']> {
  return { [mainUpstream]: { url } }
}
