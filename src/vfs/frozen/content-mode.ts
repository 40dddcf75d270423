import type { NodeInfo } from '../../unixfs/api.ts'
import type { NodeFacts } from '../../unixfs/side-record.ts'
import { fileType } from '../api.ts'
import { deviceType } from './side-records.ts'

const types: Readonly<Record<NodeInfo['kind'], number>> = {
  file: fileType.regular,
  directory: fileType.directory,
  symlink: fileType.symlink
}

/** The mode that content is shown with; `mask` bounds what says none, a device is what a side record makes of a file. */
export function contentMode(info: NodeInfo, mask: number, device: NodeFacts['device']): number {
  const permissions = info.mode ?? assumedMode(info, mask)
  const isDevice = device !== undefined && info.kind === 'file'
  return (isDevice ? deviceType(device) : types[info.kind]) | (permissions & 0o7777)
}

/**
 * Of a node that says no mode. One that carries a time was stored with its metadata, of which UnixFS
 * leaves out what it assumes; all else is shown as what a frozen tree is.
 */
function assumedMode({ kind, mtimeSeconds }: NodeInfo, mask: number): number {
  if (mtimeSeconds === undefined) return (kind === 'directory' ? 0o555 : 0o444) & mask
  return kind === 'directory' ? 0o755 : kind === 'symlink' ? 0o777 : 0o644
}
