import type { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import { type Name, nameText, toName } from '../../base/names.ts'
import type { Tree } from '../api.ts'
import type { ContentLink } from './content-nodes.ts'
import { openContentTree } from './content-tree.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'

/** An earlier state of a root. */
export interface Snapshot {
  readonly cid: CID
  /** Grows from one to the next. */
  readonly sequence: number
  readonly atMs: number
}

/**
 * The earlier states of a root, each a folder named by when it stood; `history` gives them newest first.
 * What they keep no mode of may have been private: it is its owner's alone.
 */
export function openHistoryTree(
  options: FrozenTreeOptions,
  history: () => readonly Snapshot[]
): Tree {
  return openContentTree(
    { ...options, unsaid: 'owner' },
    {
      find: name => {
        const found = history().find(snapshot => snapshotName(snapshot) === name)
        if (found !== undefined) return linkOf(found)
        throw new CairnError('not-found', `there is no snapshot of ${nameText(name)}`)
      },
      list: () =>
        history()
          .toReversed()
          .map(snapshot => ({ link: linkOf(snapshot), cookie: snapshot.sequence }))
    }
  )
}

/**
 * `2026-11-21T06-16-09.123Z`: ISO 8601 in UTC to the millisecond, without the colons that Windows, scp
 * and PATH trip over.
 */
export function snapshotName({ atMs }: Pick<Snapshot, 'atMs'>): Name {
  return toName(new Date(atMs).toISOString().replaceAll(':', '-'))
}

function linkOf(snapshot: Snapshot): ContentLink {
  const { code, multihash, version } = snapshot.cid
  return {
    name: snapshotName(snapshot),
    codec: code,
    multihash: multihash.bytes,
    cidVersion: version === 0 ? 0 : 1
  }
}
