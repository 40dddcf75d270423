import { resolve } from 'node:path'
import { CairnError } from '../base/errors.ts'
import { homePaths } from '../base/home.ts'
import type { ProfileName } from '../unixfs/api.ts'
import { readConfigFile } from './config-file.ts'
import { type Environment, expandTilde, findHome } from './find-home.ts'
import type { ListenAddress } from './listen-address.ts'
import type { AptUpstream } from './parse-apt-upstreams.ts'
import type { NpmUpstream } from './parse-npm-settings.ts'
import type { OciUpstream } from './parse-oci-upstreams.ts'
import { SettingError } from './setting-error.ts'
import {
  type LogLevel,
  type MfsAccess,
  type Network,
  type SettingName,
  settingNames,
  settingsTable
} from './settings-table.ts'

/** What a person may choose, checked; made once, at the door, by `loadSettings`. */
export interface Settings {
  /** Absolute path of the home folder. */
  readonly home: string
  /** Absolute path of the folder that holds the mounts, or undefined for no mount. */
  readonly mount: string | undefined
  readonly listen: ListenAddress
  /** Where other machines are served, by TLS and with a password; undefined for nowhere. */
  readonly share: ListenAddress | undefined
  /** PEM files, absolute or from the home; the certificate may be `self-signed`. */
  readonly tlsCertificate: string | undefined
  readonly tlsKey: string | undefined
  readonly network: Network
  readonly logLevel: LogLevel
  readonly profile: ProfileName
  /** Whether `add` records mode and mtime: without them the CID is that of the bare bytes and names, for everybody. */
  readonly metadata: boolean
  /** Whether sealing /mfs does: with them `cp -a` and rsync find what they left. */
  readonly mfsMetadata: boolean
  /** What the mount of /mfs allows; the drive and the command line write to it all the same. */
  readonly mfsAccess: MfsAccess
  /** Whether the kernel shall read and write large files of /mfs in place, where it can. */
  readonly mfsPassthrough: boolean
  /** Whether the kernel shall read large files of /ipfs in place, where it can. */
  readonly ipfsPassthrough: boolean
  /** Threads for hashing, 1 to 64. */
  readonly threads: number
  /** Where peers are served if the network is not off; undefined for nowhere. */
  readonly peersListen: ListenAddress | undefined
  /** Where libp2p listens, and finds others of the LAN; undefined for nowhere. */
  readonly peersLibp2p: ListenAddress | undefined
  /** Multiaddrs of peers to begin with if the network is public; undefined: the IPFS network's own. */
  readonly peersBootstrap: readonly string[] | undefined
  /** The file, absolute or from the home, of the key that peers must have too; undefined: there is none. */
  readonly peersSwarmKey: string | undefined
  /** Upstreams whose packages peers may have although they look private: `apt/name`, `npm`, `npm/+name`, `oci/name`. */
  readonly peersPackages: readonly string[]
  /** Whether what is followed here is served to peers, as what is published is. */
  readonly peersFollowed: boolean
  /** Bytes a second that all peers together are sent; undefined for no bound. */
  readonly peersRate: number | undefined
  /** Trustless gateways that are asked for records and content of followed names; URLs that end with a slash. */
  readonly nameGateways: readonly string[]
  /** DNS servers for DNSLink; none: those of the machine, with the network public. */
  readonly nameResolvers: readonly string[]
  /** Holds the passphrase of the private keys, absolute or from the home; undefined: key.secret does. */
  readonly keyPassphraseFile: string | undefined
  /** Bytes that what was fetched may take; undefined for no bound. */
  readonly cacheBudget: number | undefined
  /** What was fetched and not used for so long goes; undefined: it stays. */
  readonly cacheUnusedMs: number | undefined
  /** No upstream is asked for anything: what is held is served. */
  readonly offline: boolean
  /** Hosts whose http URLs are fetched for clients that have this for their proxy. */
  readonly proxyHosts: readonly string[]
  /** Debian archives that are mirrored, by name. */
  readonly aptUpstreams: Readonly<Record<string, AptUpstream>>
  /** The npm registry where all names are looked up that belong nowhere else; undefined for none. */
  readonly npmUpstream: NpmUpstream | undefined
  /** Others, by name. */
  readonly npmUpstreams: Readonly<Record<string, NpmUpstream>>
  /** Patterns of names that are published here, and never looked up elsewhere. */
  readonly npmHosted: readonly string[]
  /** Versions of npm packages younger than this are left out; undefined for none. */
  readonly npmMinimumAgeMs: number | undefined
  /** Patterns of names whose versions are shown at any age. */
  readonly npmAnyAge: readonly string[]
  /** Registries that are mirrored, by the name that images' names begin with. */
  readonly ociUpstreams: Readonly<Record<string, OciUpstream>>
  /** Which of them un-prefixed names belong to that were not pushed here; undefined: to none. */
  readonly ociOtherwise: string | undefined
}

/** A setting's raw value, and where it stands, for the error that refuses it. */
export interface RawSetting {
  readonly value: unknown
  /** What a refusal is: of a command line `usage`, of a file `invalid`. */
  readonly code: 'usage' | 'invalid'
  /** `--listen`, `CAIRN_LISTEN` or `config.yaml:3:9`; of a part of the value if keys are given. */
  readonly where: (...keys: string[]) => string
}

export type RawSettings = Readonly<Partial<Record<SettingName, RawSetting>>>

export interface SettingsInput {
  /** By setting name; undefined means not given. */
  readonly flags: Readonly<Partial<Record<SettingName | 'home', string | undefined>>>
  readonly environment: Environment
}

/**
 * Every setting from the first that has it: flag, environment, `config.yaml` in the home, default.
 * What a later source says is checked all the same. Throws `usage` for a wrong flag or variable and
 * `invalid` for a wrong file, with the place and what to write instead.
 */
export async function loadSettings(input: SettingsInput): Promise<Settings> {
  const home = findHome(input.flags.home, input.environment)
  const sources = [
    fromFlags(input.flags),
    fromEnvironment(input.environment),
    await readConfigFile(homePaths(home).config)
  ]
  const values = new Map<SettingName, unknown>()
  for (const name of settingNames) {
    for (const source of sources) {
      const raw = source[name]
      if (raw === undefined) continue
      const value = parseSetting(name, raw)
      if (!values.has(name)) values.set(name, value)
    }
    if (!values.has(name)) values.set(name, settingsTable[name].initial)
  }
  const checked = Object.fromEntries(values) as unknown as Omit<Settings, 'home'>
  const typed = sources.slice(0, 2).some(({ mount }) => mount !== undefined)
  return { ...checked, home, mount: expandPath(checked.mount, typed ? '.' : home, input) }
}

function fromFlags(flags: SettingsInput['flags']): RawSettings {
  const found = settingNames.flatMap(name => {
    const value = flags[name]
    return value === undefined
      ? []
      : [[name, { value, code: 'usage', where: () => flagOf(name) }] as const]
  })
  return Object.fromEntries(found)
}

/** `logLevel` is `--log-level`. */
function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, capital => `-${capital.toLowerCase()}`)}`
}

function fromEnvironment(environment: Environment): RawSettings {
  const found = settingNames.flatMap(name => {
    const variable = settingsTable[name].environment
    const value = variable === undefined ? undefined : environment[variable]
    if (value === undefined || value === '' || variable === undefined) return []
    return [[name, { value, code: 'usage', where: () => variable }] as const]
  })
  return Object.fromEntries(found)
}

function parseSetting(name: SettingName, raw: RawSetting): unknown {
  try {
    return settingsTable[name].parse(raw.value)
  } catch (cause) {
    if (!(cause instanceof SettingError)) throw cause
    throw new CairnError(raw.code, `${raw.where(...cause.keys)}: ${cause.message}`, { cause })
  }
}

/** What is typed is meant from where one stands, what is written in the home's file from there. */
function expandPath(
  path: string | undefined,
  from: string,
  { environment }: SettingsInput
): string | undefined {
  return path === undefined ? undefined : resolve(from, expandTilde(path, environment))
}
