import { systemClock } from '../base/clock.ts'
import type { Names } from '../names/api.ts'
import type { Mfs } from '../vfs/mfs/api.ts'
import type { WebdavOptions } from '../webdav/api.ts'
import { openWebdav, type WebdavDoor } from '../webdav/door.ts'
import { type Content, thisUser } from './content.ts'
import type { Log } from './logger.ts'
import { type OpenTreeOptions, openTree, type TreeMemory } from './open-tree.ts'
import type { Packages } from './packages.ts'
import type { Settings } from './settings.ts'
import { namesInMfs } from './view-names.ts'

export interface OpenDriveOptions {
  readonly settings: OpenTreeOptions['settings'] & Pick<Settings, 'network'>
  readonly content: Content
  readonly mfs: Mfs
  readonly memory: { readonly [tree in 'ipfs' | 'ipns' | 'pkg']: TreeMemory }
  readonly names: Names
  readonly packages: Pick<Packages, 'growing'>
  readonly satisfy: WebdavOptions['satisfy']
  readonly log: Log
}

/** The network drive, `/dav/`, over the trees that the mounts show. */
export function openDrive({
  content,
  mfs,
  memory,
  names,
  packages: { growing },
  settings,
  satisfy,
  log
}: OpenDriveOptions): WebdavDoor {
  return openWebdav({
    trees: {
      mfs,
      ipfs: openTree('ipfs', content, { settings, memory: memory.ipfs }),
      ipns: openTree('ipns', content, {
        ...{ settings, memory: memory.ipns, visits: settings.network !== 'off' },
        ownNames: 'content'
      }),
      pkg: openTree('pkg', content, { settings, memory: memory.pkg, growing })
    },
    namesInMfs: name => namesInMfs(names, name),
    database: content.database,
    clock: systemClock,
    owner: thisUser(),
    satisfy,
    faulted: (error, target) =>
      log.warn({ path: target.slice(0, 200), code: error.code, err: error }, 'the drive failed')
  })
}
