import { mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CairnError, toCairnError, type Want } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { toName } from '../base/names.ts'
import { threadUrl } from '../base/thread.ts'
import type { MountStatus } from '../control/api.ts'
import type { FuseMount, FuseStatistics } from '../fuse/api.ts'
import { isFuseMount } from '../fuse/mount-point.ts'
import type { Tree } from '../vfs/api.ts'
import type { MfsChange } from '../vfs/mfs/announce.ts'
import { type Content, thisUser } from './content.ts'
import { countWrites } from './count-writes.ts'
import type { TreeThreadData } from './fuse-thread.ts'
import type { Log } from './logger.ts'
import { openTree, type TreeMemory } from './open-tree.ts'
import type { Packages } from './packages.ts'
import type { Settings } from './settings.ts'
import { type TreeName, treeNames } from './tree-names.ts'

export interface MountsOptions {
  readonly settings: Settings
  /** The main thread's. */
  readonly content: Content
  readonly writeLock: SharedArrayBuffer
  readonly memory: Readonly<Record<TreeName, TreeMemory>>
  readonly packages: Pick<Packages, 'growing'>
  readonly satisfy: (want: Want, signal: AbortSignal) => Promise<void>
  readonly log: Log
}

/** The trees below the mount folder, each a FUSE mount of its own. */
export interface Mounts {
  status: () => MountStatus[]
  statistics: () => Array<{ mount: TreeName; statistics: FuseStatistics }>
  /** Grows with every request to /mfs that may have written. */
  writes: () => number
  /** What another door changed in /mfs: resolves when its kernel has forgotten it. */
  changed: (change: MfsChange) => Promise<void>
  /** Entries of /ipns that lead elsewhere now. */
  moved: (entries: readonly string[]) => Promise<void>
  /** Unmounts all; users of a mount are given a moment, less once `hurry` aborts before. */
  close: (hurry: AbortSignal) => Promise<void>
}

/**
 * FUSE threads that a mount has before its first request. Starting one takes 0.1 CPU seconds, a
 * third of what listing 14,000 files costs; one at rest weighs 17 MB. /ipfs is looked at most, and
 * from scratch; the others start theirs at the first request.
 */
const waitingThreads: Readonly<Record<TreeName, number>> = {
  ipfs: 1,
  ipns: 0,
  mfs: 0,
  pkg: 0
}

/** The folder that names are entries of. */
const ipnsRoot = 1

/** How long users of a mount are waited for, in milliseconds. */
const unmountGraceMs = 2_000

interface Mounted {
  readonly name: TreeName
  readonly path: string
  readonly mount: FuseMount | undefined
  /** The main thread's instance. */
  readonly tree: Tree | undefined
  problem: string | undefined
}

/**
 * Mounts every tree below `settings.mount`, or none if that is undefined. What cannot be mounted is
 * logged and shown by `status`: everything else runs without it.
 */
export async function openMounts(options: MountsOptions): Promise<Mounts> {
  await forgetShared(options)
  const folder = options.settings.mount
  const all =
    folder === undefined
      ? []
      : await Promise.all(treeNames.map(name => openMount(name, join(folder, name), options)))
  return {
    status: () =>
      all.map(({ name, path, mount, problem }) => ({
        name,
        path,
        problem,
        passthroughProblem: mount?.passthroughProblem,
        readOnly: name === 'mfs' && isReadOnly(name, options.settings),
        state: problem === undefined ? 'mounted' : 'failed'
      })),
    statistics: () =>
      all.flatMap(({ name, mount }) =>
        mount === undefined ? [] : [{ mount: name, statistics: mount.statistics() }]
      ),
    changed: change => forgetIn(all.find(({ name }) => name === 'mfs')?.mount, change),
    moved: async entries => {
      const ipns = all.find(({ name }) => name === 'ipns')?.mount
      const told = entries.map(entry => ipns?.invalidateEntry(ipnsRoot, toName(entry)))
      await Promise.all(told)
    },
    writes: () => {
      const mount = all.find(({ name }) => name === 'mfs')?.mount
      return mount === undefined ? 0 : countWrites(mount.statistics())
    },
    close: async hurry => {
      const graceMs = hurry.aborted ? 0 : unmountGraceMs
      await Promise.all(all.map(({ mount }) => mount?.unmount({ graceMs })))
      for (const { tree } of all) tree?.close()
    }
  }
}

/** What programs had open in place when a daemon was killed is kept until they are gone too. */
async function forgetShared({ content, log }: MountsOptions): Promise<void> {
  const { tidySharedFiles } = await import('../fuse/segments-in-place.ts')
  try {
    tidySharedFiles(content.store.sharing)
  } catch (cause) {
    const problem = toCairnError(cause).message
    log.warn({ problem }, 'cannot tell which files are read in place')
  }
}

function isReadOnly(name: TreeName, { mfsAccess }: Settings): boolean {
  return name !== 'mfs' || mfsAccess === 'read-only'
}

/** A name that changed also changes its directory's times and listing. */
async function forgetIn(mount: FuseMount | undefined, change: MfsChange): Promise<void> {
  if ('ino' in change) return await mount?.invalidateInode(change.ino)
  await Promise.all([
    mount?.invalidateEntry(change.parent, change.name),
    mount?.invalidateInode(change.parent)
  ])
}

async function openMount(name: TreeName, path: string, options: MountsOptions): Promise<Mounted> {
  const { content, settings, memory, packages } = options
  const { growing } = packages
  const tree = openTree(name, content, {
    ...{ settings, memory: memory[name], growing },
    visits: settings.network !== 'off'
  })
  try {
    await makeMountPoint(path)
    const mount = await mountTree(path, name, tree, options)
    const mounted: Mounted = { name, path, mount, tree, problem: undefined }
    void watchEnd(mounted, options.log)
    return mounted
  } catch (cause) {
    const problem = toCairnError(cause).message
    options.log.warn({ mount: path, problem }, 'cannot mount; everything else runs')
    tree.close()
    return { name, path, mount: undefined, tree: undefined, problem }
  }
}

async function mountTree(
  path: string,
  name: TreeName,
  tree: Tree,
  options: MountsOptions
): Promise<FuseMount> {
  const { mountFuse } = await import('../fuse/mount.ts')
  const { settings, writeLock, log } = options
  const { profile, mfsMetadata, mfsPassthrough, ipfsPassthrough, cacheBudget, home } = settings
  const memory = options.memory[name]
  const data: TreeThreadData = {
    home,
    tree: name,
    writeLock,
    memory,
    settings: { profile, mfsMetadata, mfsPassthrough, ipfsPassthrough, cacheBudget },
    visits: settings.network !== 'off'
  }
  return mountFuse({
    mountPoint: path,
    name: `cairn-${name}`,
    allowOther: thisUser().uid === 0,
    readOnly: isReadOnly(name, settings),
    passthrough: (name === 'mfs' && mfsPassthrough) || (name === 'ipfs' && ipfsPassthrough),
    unmountIfKilled: name !== 'mfs',
    threadEntry: threadUrl('./fuse-thread', import.meta.url),
    threadData: data,
    minThreads: waitingThreads[name],
    tree,
    satisfy: options.satisfy,
    log: (message, facts) => log.info({ mount: name, ...facts }, message)
  })
}

/**
 * Made if need be, and empty: a mount would hide what lies there. A stale mount answers ENOTCONN;
 * mounting clears it, and says better what it is if another daemon's mount is there.
 */
async function makeMountPoint(path: string): Promise<void> {
  try {
    makeFolder(dirname(path))
    await mkdir(path).catch(ignoreExisting)
    const [first] = await readdir(path)
    if (first === undefined || (await isFuseMount(path))) return
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOTCONN') return
    throw toCairnError(cause, `cannot make the mount point ${path}`)
  }
  throw new CairnError(
    'not-empty',
    `${path} holds files that a mount would hide: move them away, or choose another mount folder`
  )
}

function ignoreExisting(cause: NodeJS.ErrnoException): void {
  if (cause.code !== 'EEXIST') throw cause
}

async function watchEnd(mounted: Mounted, log: Log): Promise<void> {
  const end = await mounted.mount?.closed
  if (end === undefined || end === 'unmounted') return
  mounted.problem =
    end === 'external'
      ? 'somebody unmounted it: restart the daemon to mount it again'
      : 'its threads failed: see the log, and restart the daemon'
  log.warn({ mount: mounted.path, end }, 'a mount ended')
}
