import { CairnError } from '../base/errors.ts'
import type { Tree } from '../vfs/api.ts'
import type { FuseSeat } from './api.ts'

/**
 * Answers the kernel from `tree` until the mount ends; blocks the calling worker thread. The caller
 * closes the tree afterwards and lets the thread end.
 */
export function serveFuse(_seat: FuseSeat, _tree: Tree): void {
  throw new CairnError('unsupported', 'not served')
}
