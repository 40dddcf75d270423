import { codec } from '../base/blocks.ts'
import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { OpenUnixfsWriter } from './api.ts'
import { buildDirectory } from './build-directory.ts'
import { buildFile } from './build-file.ts'
import { dataType, encodeData } from './encode-data.ts'
import { encodeNode } from './encode-node.ts'

/** A writer over a block writer; it holds no state but that of the files being built. */
export const openUnixfsWriter: OpenUnixfsWriter = (blocks, profile) => ({
  profile,
  file: () => buildFile(blocks, profile),
  directory: (links, metadata) => buildDirectory(blocks, profile, links, metadata),
  symlink: (target, metadata = {}) => {
    if (target.length > limits.symlinkBytes) {
      const bound = `at most ${limits.symlinkBytes} fit`
      throw new CairnError('name-too-long', `a link target of ${target.length} bytes: ${bound}`)
    }
    if (target.length === 0 || target.includes(0)) {
      throw new CairnError('invalid', 'a link target that is empty or has a NUL leads nowhere')
    }
    const block = encodeNode([], encodeData({ ...metadata, type: dataType.symlink, data: target }))
    return {
      codec: codec.dagPb,
      multihash: blocks.add(block, codec.dagPb),
      cidVersion: profile.cidVersion,
      fileBytes: 0,
      dagBytes: block.length
    }
  }
})
