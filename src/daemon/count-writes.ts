import type { FuseStatistics } from '../fuse/api.ts'
import type { opcode } from '../fuse/protocol.ts'

/** Of the requests that ask, or take note, of something: whoever only reads must not keep the tree from being sealed. */
const reading: ReadonlySet<string> = new Set<keyof typeof opcode>([
  'lookup',
  'forget',
  'batch_forget',
  'getattr',
  'readlink',
  'open',
  'read',
  'statfs',
  'release',
  'fsync',
  'getxattr',
  'listxattr',
  'flush',
  'init',
  'opendir',
  'readdir',
  'readdirplus',
  'releasedir',
  'fsyncdir',
  'access',
  'interrupt',
  'destroy',
  'ioctl',
  'lseek'
])

/** How many of the requests that a mount took may have changed something. */
export function countWrites({ requests }: Pick<FuseStatistics, 'requests'>): number {
  return Object.entries(requests)
    .filter(([operation]) => !reading.has(operation))
    .reduce((sum, [, count]) => sum + count, 0)
}
