import { CID } from 'multiformats/cid'
import { openContent } from '../../src/daemon/content.ts'
import { openNamesOf } from '../../src/daemon/open-names.ts'

/** What a trustless gateway over a home answers: the record of a name, or a block. */
export function answerFrom(home: string, tree: string, id: string): Uint8Array | undefined {
  const content = openContent(home)
  try {
    if (tree === 'ipns') return openNamesOf(content).record(id)?.bytes
    const { bytes } = CID.parse(id).multihash
    return content.store.has(bytes) ? content.store.read(bytes) : undefined
  } finally {
    content.close()
  }
}
