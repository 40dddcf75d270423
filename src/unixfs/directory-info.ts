import type { Metadata, NodeInfo } from './api.ts'
import { decodeData } from './decode-data.ts'
import { dataType, encodeData } from './encode-data.ts'

/** What a directory of this metadata says of itself once it is stored: readers assume what is left out. */
export function directoryInfo(metadata: Metadata): NodeInfo {
  const data = encodeData({ type: dataType.directory, ...metadata })
  return { kind: 'directory', bytes: 0, ...decodeData(data, 0, data.length).metadata }
}
