import { systemClock } from '../base/clock.ts'
import type { HttpDoor } from '../base/http.ts'
import { limits } from '../base/limits.ts'
import { WriteLock } from '../base/write-lock.ts'
import type { Status } from '../control/api.ts'
import { openControlDoor } from '../control/door.ts'
import { InUse } from '../pull/in-use.ts'
import { createInodeMemory } from '../vfs/frozen/inode-memory.ts'
import { mfsSharedMemory } from '../vfs/mfs/lookups.ts'
import { Closing } from './closing.ts'
import { policyOf } from './collect.ts'
import { openCollection } from './collection.ts'
import { openContent, openMfsOf } from './content.ts'
import { controlDaemon } from './control-daemon.ts'
import { openControlSocket } from './control-socket.ts'
import { describeDaemon } from './describe-daemon.ts'
import type { Log } from './logger.ts'
import { type Mounts, openMounts } from './mounts.ts'
import { openNameService } from './name-service.ts'
import { openDrive } from './open-drive.ts'
import { openGateway, openShared } from './open-gateway.ts'
import { publishedPaths } from './open-names.ts'
import { openPeers } from './open-peers.ts'
import { openPorts, type Ports } from './open-ports.ts'
import { openPackages } from './packages.ts'
import { openPlainDoors } from './plain-doors.ts'
import { openRest } from './rest.ts'
import { satisfyFrom } from './satisfy.ts'
import type { Settings } from './settings.ts'
import { openUpkeep } from './upkeep.ts'

export interface Daemon {
  status: () => Status
  /** What is where, on one line. */
  readonly summary: string
  /**
   * Drains HTTP, unmounts, seals /mfs and closes the content, each within its bounds; `hurry` cuts
   * them short. What was written is kept either way.
   */
  close: (hurry: AbortSignal) => Promise<void>
}

export interface ComposeOptions {
  readonly settings: Settings
  readonly log: Log
  readonly version: string
  /** Reads the settings again, as at the start. */
  readonly readSettings: () => Promise<Settings>
  /** Somebody asked the daemon to end. */
  readonly stop: () => void
}

/** Builds the whole. The caller holds the home's lock. What was built is closed again if a part fails. */
export async function compose(options: ComposeOptions): Promise<Daemon> {
  const closing = new Closing(options.log)
  try {
    return await build(options, closing)
  } catch (cause) {
    await closing.run(AbortSignal.abort())
    throw cause
  }
}

/** The layer picture of the design, from the bottom up. */
async function build(options: ComposeOptions, closing: Closing): Promise<Daemon> {
  const { settings, log, stop } = options
  const startedMs = systemClock.nowMs()
  const parts = openParts(options, closing, () => mounts)
  const { content, mfs, peers, packages, collection, upkeep, service } = parts
  const { names, fetcher } = service

  // Doors: the mounts, then HTTP on the port and on the socket.
  const seal = () => upkeep.seal('asked for a CID')
  const satisfy = satisfyFrom(packages.satisfy, seal, fetcher, service.visit)
  const mounts: Mounts = closing.keep(
    await openMounts({ settings, log, satisfy, ...parts }),
    (it, hurry) => it.close(hurry)
  )
  const drive = openDrive({ settings, log, satisfy, names, ...parts })
  upkeep.begin(
    () => mounts.writes() + drive.writes(),
    () => publishedPaths(names)
  )
  service.begin()
  collection.begin()
  const told = describeDaemon({ ...options, startedMs, content, mounts, packages, names })
  const status = () => told.status(ports)
  const reload = async () => {
    const changed = await options.readSettings()
    packages.configure(changed)
    return { upstreams: Object.keys(changed.aptUpstreams) }
  }
  const actions = controlDaemon({
    status,
    content,
    mfs,
    upkeep,
    service,
    trim: () => collection.trim(),
    peers: () => peers?.list() ?? [],
    reload,
    stop
  })
  const doors: HttpDoor[] = [
    openControlDoor(actions, 'port'),
    ...openPlainDoors({
      status,
      metrics: () => told.metrics(ports.answers())
    }),
    ...packages.doors,
    openGateway({
      content,
      names,
      satisfy,
      serves: 'everything',
      visits: settings.network !== 'off',
      shared: openShared(content, names, false)
    }),
    drive
  ]
  const ports: Ports = closing.keep(
    await openPorts({ settings, content }, { doors, log }),
    (it, hurry) => it.close(hurry)
  )
  await peers?.serve(service)
  closing.keep(
    await openControlSocket(content.paths.socket, openControlDoor(actions, 'socket'), log),
    (it, hurry) => it.close(AbortSignal.any([hurry, AbortSignal.timeout(limits.drainMs)]))
  )
  closing.keep(openRest(), it => it.close())
  return { status, summary: told.summary(ports), close: hurry => closing.run(hurry) }
}

/**
 * Below the doors: store, unixfs, roots; the mutable tree; packages and their engine; names. What
 * others than the kernel change, it must hear of: `mounts` gives where, once they are there.
 */
function openParts({ settings, log }: ComposeOptions, closing: Closing, mounts: () => Mounts) {
  const { home, profile, mfsMetadata, mfsPassthrough } = settings
  const lock = new WriteLock()
  const writeLock = lock.memory
  const shared = mfsSharedMemory()
  const memory = {
    ipfs: { inodes: createInodeMemory() },
    ipns: { inodes: createInodeMemory() },
    mfs: { mfs: shared, inodes: createInodeMemory() },
    pkg: { inodes: createInodeMemory() }
  }
  const content = closing.keep(
    openContent(home, { writeLock: lock, checkpoints: 'background' }),
    opened => opened.close()
  )
  const mfsOptions = { profile, mfsMetadata, mfsPassthrough, shared }
  const mfs = closing.keep(
    openMfsOf(content, {
      ...mfsOptions,
      recover: true,
      onChange: change => mounts().changed(change)
    }),
    it => it.close()
  )
  const inUse = new InUse(systemClock)
  const peers = openPeers({ settings, content, inUse, log })
  if (peers !== undefined) closing.keep(peers, it => it.close())
  const packages = closing.keep(
    openPackages({ settings, content, log, peers: peers?.pull, inUse }),
    it => it.close()
  )
  const collection = closing.keep(
    openCollection({
      ...{ home, content, writeLock, inUse, log, clock: systemClock },
      packageInodes: memory.pkg.inodes,
      policy: () => policyOf(packages.settings())
    }),
    it => it.finish()
  )
  const upkeep = closing.keep(
    openUpkeep({ home, writeLock, mfs, mfsOptions, clock: systemClock, log }),
    (it, hurry) => it.finish(AbortSignal.any([hurry, AbortSignal.timeout(limits.stopSealMs)]))
  )
  const service = closing.keep(
    openNameService({
      settings,
      content,
      log,
      sources: peers === undefined ? [] : [peers.content, peers.wider],
      sinks: peers === undefined ? [] : [peers.content, peers.wider],
      moved: entries => mounts().moved(entries)
    }),
    it => it.close()
  )
  return { writeLock, memory, content, mfs, peers, packages, collection, upkeep, service }
}
