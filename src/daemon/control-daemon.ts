import { limits } from '../base/limits.ts'
import type { ControlActions, Status } from '../control/api.ts'
import type { Mfs } from '../vfs/mfs/api.ts'
import { type Content, mfsRootName } from './content.ts'
import type { NameService } from './name-service.ts'
import { Pinning } from './pin-content.ts'
import { publishPlace, showPublished } from './publish-place.ts'
import { restoreMfs } from './restore-mfs.ts'
import type { Upkeep } from './upkeep.ts'

export interface ControlDaemonOptions {
  readonly status: () => Status
  readonly content: Content
  readonly mfs: Mfs
  readonly upkeep: Upkeep
  readonly service: NameService
  readonly trim: ControlActions['trim']
  readonly peers: ControlActions['peers']
  readonly reload: ControlActions['reload']
  readonly stop: () => void
}

/** What the control API does, in terms of the daemon's parts. */
export function controlDaemon(options: ControlDaemonOptions): ControlActions {
  const { status, content, mfs, upkeep, service, trim, peers, reload, stop } = options
  const pinning = new Pinning({ content, names: service.names, fetcher: service.content })
  const rootNow = () => content.roots.get(mfsRootName)?.cid.toString()
  return {
    status,
    trim,
    peers,
    reload,
    stop,
    pin: (path, label, signal) => pinning.pin({ path, label }, signal),
    transfers: () => pinning.list(),
    snapshot: async () => {
      const before = rootNow()
      const cid = await upkeep.seal('snapshot')
      service.sealed()
      return { cid, changed: cid !== before }
    },
    publish: async order => {
      await service.lookOut(order.key)
      const published = await publishPlace(content, service.names, order, () =>
        upkeep.seal('publish')
      )
      service.tell(published)
      await service.changed()
      return showPublished(published)
    },
    refresh: name => service.refresh(name, AbortSignal.timeout(limits.nameRefreshMs)),
    resolve: (name, signal) => service.resolve(name, signal),
    restore: async (text, path) => {
      await upkeep.seal('before restore')
      return restoreMfs(mfs, text, path)
    },
    log: limit => mfs.history({ limit }).map(entry => ({ ...entry, cid: entry.cid.toString() }))
  }
}
