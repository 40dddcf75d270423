import { availableParallelism } from 'node:os'
import { type ProfileName, profileNames } from '../unixfs/api.ts'
import { type ListenAddress, parseListen } from './listen-address.ts'
import { type AptUpstream, parseAptUpstreams } from './parse-apt-upstreams.ts'
import { parseBudget } from './parse-cache-settings.ts'
import { parseHosts } from './parse-hosts.ts'
import { parseGateways, parseResolvers } from './parse-name-settings.ts'
import {
  type NpmUpstream,
  parseAge,
  parseNamePatterns,
  parseNpmUpstream,
  parseNpmUpstreams
} from './parse-npm-settings.ts'
import { type OciUpstream, parseOciUpstreams } from './parse-oci-upstreams.ts'
import {
  parseBootstrap,
  parsePeerListen,
  parsePeerPackages,
  parseRate
} from './parse-peer-settings.ts'
import { SettingError } from './setting-error.ts'

/** One setting: where it stands in `config.yaml` and in the environment, its check, its default. */
export interface Setting<T> {
  /** The keys that lead to it in `config.yaml`. */
  readonly keys: readonly string[]
  readonly environment: string | undefined
  /** Turns text from a flag or variable, or a value from YAML, into the setting. Throws `SettingError`. */
  readonly parse: (value: unknown) => T
  readonly initial: T
}

export const networks = ['off', 'lan', 'public'] as const
export type Network = (typeof networks)[number]

export const mfsAccesses = ['read-write', 'read-only'] as const
export type MfsAccess = (typeof mfsAccesses)[number]

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export const settingsTable = {
  mount: setting(['mount'], 'CAIRN_MOUNT', parseMount, '~/cairn'),
  listen: setting(['listen'], 'CAIRN_LISTEN', parseListen, { host: '127.0.0.1', port: 7070 }),
  share: setting<ListenAddress | undefined>(['share'], 'CAIRN_SHARE', parseShare, undefined),
  tlsCertificate: setting<string | undefined>(
    ['tls', 'certificate'],
    'CAIRN_TLS_CERTIFICATE',
    parsePath,
    undefined
  ),
  tlsKey: setting<string | undefined>(['tls', 'key'], 'CAIRN_TLS_KEY', parsePath, undefined),
  network: setting<Network>(['network'], 'CAIRN_NETWORK', parseNetwork, 'off'),
  logLevel: setting<LogLevel>(['log', 'level'], 'CAIRN_LOG_LEVEL', oneOf(logLevels), 'info'),
  profile: setting<ProfileName>(
    ['import', 'profile'],
    'CAIRN_PROFILE',
    oneOf(profileNames),
    'unixfs-v1-2025'
  ),
  metadata: setting(['import', 'metadata'], 'CAIRN_METADATA', parseSwitch, false),
  mfsMetadata: setting(['mfs', 'metadata'], undefined, parseSwitch, true),
  mfsAccess: setting<MfsAccess>(
    ['mfs', 'access'],
    'CAIRN_MFS_ACCESS',
    oneOf(mfsAccesses),
    'read-write'
  ),
  mfsPassthrough: setting(['mfs', 'passthrough'], undefined, parseSwitch, false),
  ipfsPassthrough: setting(['ipfs', 'passthrough'], undefined, parseSwitch, false),
  threads: setting(
    ['threads'],
    'CAIRN_THREADS',
    parseThreads,
    Math.min(availableParallelism(), 64)
  ),
  peersListen: setting<ListenAddress | undefined>(
    ['peers', 'listen'],
    'CAIRN_PEERS_LISTEN',
    parsePeerListen,
    { host: '0.0.0.0', port: 7071 }
  ),
  peersLibp2p: setting<ListenAddress | undefined>(
    ['peers', 'libp2p'],
    'CAIRN_PEERS_LIBP2P',
    parsePeerListen,
    { host: '0.0.0.0', port: 7072 }
  ),
  peersBootstrap: setting<string[] | undefined>(
    ['peers', 'bootstrap'],
    'CAIRN_PEERS_BOOTSTRAP',
    parseBootstrap,
    undefined
  ),
  peersSwarmKey: setting<string | undefined>(
    ['peers', 'swarmKey'],
    'CAIRN_SWARM_KEY',
    parsePath,
    undefined
  ),
  peersPackages: setting<string[]>(['peers', 'packages'], undefined, parsePeerPackages, []),
  peersFollowed: setting(['peers', 'followed'], undefined, parseSwitch, false),
  peersRate: setting<number | undefined>(['peers', 'rate'], undefined, parseRate, undefined),
  nameGateways: setting<string[]>(['names', 'gateways'], undefined, parseGateways, []),
  nameResolvers: setting<string[]>(['names', 'resolvers'], undefined, parseResolvers, []),
  keyPassphraseFile: setting<string | undefined>(
    ['keys', 'passphraseFile'],
    'CAIRN_PASSPHRASE_FILE',
    parsePath,
    undefined
  ),
  proxyHosts: setting<string[]>(['proxy', 'hosts'], undefined, parseHosts, []),
  cacheBudget: setting<number | undefined>(
    ['cache', 'budget'],
    'CAIRN_CACHE_BUDGET',
    parseBudget,
    undefined
  ),
  cacheUnusedMs: setting<number | undefined>(['cache', 'unused'], undefined, parseAge, undefined),
  offline: setting(['offline'], 'CAIRN_OFFLINE', parseSwitch, false),
  aptUpstreams: setting<Record<string, AptUpstream>>(
    ['apt', 'upstreams'],
    undefined,
    parseAptUpstreams,
    {}
  ),
  npmUpstream: setting<NpmUpstream | undefined>(
    ['npm', 'upstream'],
    undefined,
    parseNpmUpstream,
    undefined
  ),
  npmUpstreams: setting<Record<string, NpmUpstream>>(
    ['npm', 'upstreams'],
    undefined,
    parseNpmUpstreams,
    {}
  ),
  npmHosted: setting<string[]>(['npm', 'hosted'], undefined, parseNamePatterns, []),
  npmMinimumAgeMs: setting<number | undefined>(
    ['npm', 'minimumReleaseAge'],
    undefined,
    parseAge,
    undefined
  ),
  npmAnyAge: setting<string[]>(
    ['npm', 'minimumReleaseAgeExclude'],
    undefined,
    parseNamePatterns,
    []
  ),
  ociUpstreams: setting<Record<string, OciUpstream>>(
    ['oci', 'upstreams'],
    undefined,
    parseOciUpstreams,
    {}
  ),
  ociOtherwise: setting<string | undefined>(
    ['oci', 'otherwise'],
    undefined,
    parseUpstreamReference,
    undefined
  )
} as const

export type SettingName = keyof typeof settingsTable
export const settingNames = Object.keys(settingsTable) as SettingName[]

function setting<T>(
  keys: readonly string[],
  environment: string | undefined,
  parse: (value: unknown) => T,
  initial: T
): Setting<T> {
  return { keys, environment, parse, initial }
}

function parseMount(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw new SettingError(`${show(value)} is not a folder: give a path, or none`)
  }
  return value === 'none' ? undefined : value
}

function parseShare(value: unknown): ListenAddress | undefined {
  return value === 'none' ? undefined : parseListen(value)
}

function parsePath(value: unknown): string {
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value
  throw new SettingError(`${show(value)} is not a file: give its path`)
}

function parseNetwork(value: unknown): Network {
  return oneOf(networks)(value === false ? 'off' : value)
}

function oneOf<T extends string>(choices: readonly T[]): (value: unknown) => T {
  return value => {
    const found = choices.find(choice => choice === value)
    if (found === undefined) {
      throw new SettingError(`${show(value)} is not known: choose ${choices.join(', ')}`)
    }
    return found
  }
}

const switches: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  ['on', true],
  ['true', true],
  [false, false],
  ['off', false],
  ['false', false]
])

function parseSwitch(value: unknown): boolean {
  const found = switches.get(value)
  if (found === undefined) throw new SettingError(`${show(value)} is not known: choose on, off`)
  return found
}

function parseThreads(value: unknown): number {
  const number = typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 1 || number > 64) {
    throw new SettingError(`${show(value)} is not a number of threads: give 1 to 64`)
  }
  return number
}

function parseUpstreamName(name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name)) {
    throw new SettingError(
      `${show(name)} cannot name an upstream: use a-z, 0-9, ".", "_" and "-"`,
      [name]
    )
  }
  return name
}

function parseUpstreamReference(value: unknown): string {
  if (typeof value === 'string') return parseUpstreamName(value)
  throw new SettingError(`${show(value)} is not the name of an upstream`)
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
