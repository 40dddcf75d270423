/** What an image's config says of its process. https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md */
export interface ImageProcess {
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  /** `uid`, `name`, each with `:group` or not; empty for root. */
  readonly user: string
}

type Json = Readonly<Record<string, unknown>>

/** Reads an image's config; what is missing, or not as it should be, is as if it was not said. */
export function readImageConfig(bytes: Uint8Array): ImageProcess {
  const json = parse(bytes)
  const config = (
    typeof json.config === 'object' && json.config !== null ? json.config : {}
  ) as Json
  const args = [...texts(config.Entrypoint), ...texts(config.Cmd)]
  return {
    args: args.length === 0 ? ['/bin/sh'] : args,
    env: texts(config.Env),
    cwd:
      typeof config.WorkingDir === 'string' && config.WorkingDir !== '' ? config.WorkingDir : '/',
    user: typeof config.User === 'string' ? config.User : ''
  }
}

function parse(bytes: Uint8Array): Json {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Json) : {}
  } catch {
    return {}
  }
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
}

export interface ProcessOwner {
  readonly uid: number
  readonly gid: number
}

/** Numbers of an image's user, names looked up in its own passwd and group. Undefined: there is none of that name. */
export function findOwner(user: string, passwd: string, group: string): ProcessOwner | undefined {
  if (user === '') return { uid: 0, gid: 0 }
  const [name = '', groupName] = user.split(':')
  const entry = lineOf(passwd, name, 2)
  const uid = numberOf(name) ?? numberOf(entry?.[2])
  const primary = numberOf(entry?.[3]) ?? 0
  const gid =
    groupName === undefined
      ? primary
      : (numberOf(groupName) ?? numberOf(lineOf(group, groupName, 2)?.[2]))
  return uid === undefined || gid === undefined ? undefined : { uid, gid }
}

function lineOf(text: string, name: string, idField: number): string[] | undefined {
  const lines = text.split('\n').map(line => line.split(':'))
  return lines.find(fields => fields[0] === name || fields[idField] === name)
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

interface Mount {
  readonly destination: string
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

/** Mount points that a container has, where its root has a folder for them: it cannot be written to. */
const mounts: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: [] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k']
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro']
  },
  {
    destination: '/tmp',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'nodev', 'mode=1777']
  },
  { destination: '/run', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=755'] }
]

export const mountPoints = mounts.map(({ destination }) => destination)

export interface RuntimeOptions {
  readonly process: ImageProcess
  readonly owner: ProcessOwner
  /** Absolute path of the root filesystem. */
  readonly rootfs: string
  readonly hostname: string
  /** Those of `mountPoints` that the root filesystem has. */
  readonly has: readonly string[]
}

/**
 * The `config.json` of a bundle over a root that cannot be written to, in namespaces of its own and
 * with no network. https://github.com/opencontainers/runtime-spec/blob/v1.1.0/config.md
 */
export function runtimeConfig({ process, owner, rootfs, hostname, has }: RuntimeOptions): object {
  const capabilities = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE']
  const { args, env, cwd } = process
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: owner,
      args,
      env: env.some(each => each.startsWith('PATH='))
        ? env
        : ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...env],
      cwd,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges: true
    },
    root: { path: rootfs, readonly: true },
    hostname,
    mounts: mounts.filter(({ destination }) => has.includes(destination)),
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map(type => ({ type })),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']
    }
  }
}
