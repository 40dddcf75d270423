import { makeNpmAdapter } from '../../adapters/npm/adapter.ts'
import { mainUpstream } from '../../adapters/npm/classify.ts'
import type { Documents } from '../../adapters/npm/documents.ts'
import { openDocuments } from '../../adapters/npm/documents.ts'
import { SignIn } from '../access/sign-in.ts'
import { Tokens } from '../access/tokens.ts'
import { Users } from '../access/users.ts'
import { systemClock } from '../base/clock.ts'
import type { HttpDoor } from '../base/http.ts'
import { openNpmDoor } from '../mirror/npm/npm-door.ts'
import type { Registries } from '../mirror/npm/place.ts'
import type { Adapter } from '../pull/adapter.ts'
import type { Catalog, FetchUpstream, Pull } from '../pull/api.ts'
import type { Account } from '../pull/registry/authorised-fetch.ts'
import { openPackages } from '../pull/registry/packages.ts'
import type { UnixfsWriter } from '../unixfs/api.ts'
import type { Content } from './content.ts'
import type { Settings } from './settings.ts'

/** The npm registries of the settings, as accounts: a URL is of the one whose base it begins with. */
export function npmAccounts({ npmUpstream, npmUpstreams }: Settings): Account[] {
  const named =
    npmUpstream === undefined ? npmUpstreams : { ...npmUpstreams, [mainUpstream]: npmUpstream }
  return Object.entries(named).map(([name, { url: base, authorization, redirects, offline }]) => ({
    name,
    base,
    credentials: undefined,
    authorization,
    realm: undefined,
    redirects,
    offline
  }))
}

export interface NpmParts {
  readonly adapter: Adapter
  readonly documents: Documents
}

/** The adapter, with the thread that long packuments are read on. */
export function openNpmParts(): NpmParts {
  const documents = openDocuments()
  return { adapter: makeNpmAdapter(documents), documents }
}

export interface NpmOptions {
  readonly settings: () => Settings
  readonly content: Content
  readonly catalog: Catalog
  readonly writer: UnixfsWriter
  readonly pull: Pull
  readonly fetchUpstream: FetchUpstream
  readonly documents: Documents
}

/** The registry: what is published here, and what is mirrored. */
export function openNpm(options: NpmOptions): HttpDoor {
  const { settings, content, catalog, writer, pull, fetchUpstream, documents } = options
  const { database, store: blocks, reader } = content
  const clock = systemClock
  const users = new Users(database, clock)
  const tokens = new Tokens(database, clock)
  return openNpmDoor({
    registries: once(settings, registriesOf),
    pull,
    catalog,
    reader,
    packages: openPackages({ database, blocks, writer, clock }),
    documents,
    tokens,
    signIn: new SignIn(users, clock, tokens),
    isUser: name => users.find(name) !== undefined,
    fetchUpstream,
    clock
  })
}

/** Made anew when the settings change. */
function once<T>(settings: () => Settings, make: (settings: Settings) => T): () => T {
  let from = settings()
  let made = make(from)
  return () => {
    const now = settings()
    if (now !== from) {
      from = now
      made = make(now)
    }
    return made
  }
}

function registriesOf(settings: Settings): Registries {
  const { npmUpstream, npmUpstreams, npmHosted, npmMinimumAgeMs, npmAnyAge } = settings
  const main = npmUpstream === undefined ? {} : { [mainUpstream]: npmUpstream }
  const upstreams = Object.entries({ ...npmUpstreams, ...main }).map(
    ([name, { url, names }]) => [name, { name, url, names }] as const
  )
  return {
    upstreams: Object.fromEntries(upstreams),
    hosted: npmHosted,
    minimumAgeMs: npmMinimumAgeMs,
    anyAge: npmAnyAge
  }
}
