import type { Tree } from '../api.ts'
import { openContentTree } from './content-tree.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'
import { parseCidName } from './parse-cid-name.ts'

/**
 * Everything IPFS can name, by CID: `/ipfs/<cid>/path`. The root takes any CID of UnixFS or raw
 * content, in any base; it lists none, since there is no end of them.
 */
export function openIpfsTree(options: FrozenTreeOptions): Tree {
  return openContentTree(options, {
    find: name => {
      const { code, multihash, version } = parseCidName(name)
      return { name, codec: code, multihash: multihash.bytes, cidVersion: version }
    },
    list: () => []
  })
}
