import { CairnError } from '../base/errors.ts'
import type { FuseMount, FuseOptions } from './api.ts'

/**
 * Mounts a tree and serves it from threads of its own until `unmount` or somebody else unmounts.
 * Throws `unsupported`, saying what to install or do, where FUSE cannot be had.
 */
export async function mountFuse(options: FuseOptions): Promise<FuseMount> {
  throw new CairnError('unsupported', `cannot mount ${options.mountPoint}`)
}
