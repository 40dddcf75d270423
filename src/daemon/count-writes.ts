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

/** How often something may have been changed: requests that a mount took, and writes past it that were seen. */
export function countWrites({
  requests,
  writtenInPlace
}: Pick<FuseStatistics, 'requests' | 'writtenInPlace'>): number {
  return Object.entries(requests)
    .filter(([operation]) => !reading.has(operation))
    .reduce((sum, [, count]) => sum + count, writtenInPlace)
}
