import type { CID } from 'multiformats/cid'
import { CairnError } from '../../base/errors.ts'
import { type Name, nameText, toName } from '../../base/names.ts'
import type { Tree } from '../api.ts'
import type { ContentLink } from './content-link.ts'
import { openContentTree } from './content-tree.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'

/** An earlier state of a root. */
export interface Snapshot {
  readonly cid: CID
  /** Grows from one to the next. */
  readonly sequence: number
  readonly atMs: number
}

/** Newest first; with `limit` so many at most. */
export type History = (options?: { readonly limit?: number }) => readonly Snapshot[]

/**
 * The earlier states of a root, each a folder named by when it stood. What they keep no mode of may have
 * been private: it is its owner's alone.
 */
export function openHistoryTree(options: FrozenTreeOptions, history: History): Tree {
  const places = placesIn(history)
  return openContentTree(
    { ...options, unsaid: 'owner' },
    {
      find: name => {
        const found = places().get(name)
        if (found !== undefined) return found.link
        throw new CairnError('not-found', `there is no snapshot of ${nameText(name)}`)
      },
      list: () => places().values()
    }
  )
}

interface Place {
  readonly link: ContentLink
  readonly cookie: number
}

/**
 * The folders by name, oldest first; of states that stood in one millisecond the last. A history of
 * months is read again only when there is more of it: a listing asks for it once a page.
 */
function placesIn(history: History): () => ReadonlyMap<Name, Place> {
  let newest: number | undefined
  let places = new Map<Name, Place>()
  return () => {
    if (history({ limit: 1 })[0]?.sequence === newest) return places
    const all = history()
    newest = all[0]?.sequence
    places = new Map()
    for (const snapshot of all.toReversed()) {
      const link = linkOf(snapshot)
      places.delete(link.name)
      places.set(link.name, { link, cookie: snapshot.sequence })
    }
    return places
  }
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
