import { CairnError } from '../../base/errors.ts'
import { type Name, nameText } from '../../base/names.ts'
import type { Tree } from '../api.ts'
import type { ContentLink } from './content-link.ts'
import { openContentTree } from './content-tree.ts'
import type { FrozenTreeOptions } from './frozen-tree-options.ts'
import { nameCookie } from './name-cookie.ts'

/** The names of this machine as the tree sees them. */
export interface NamesView {
  /** Where a name, or what it is called here, stands now. */
  readonly find: (name: Name) => ContentLink | undefined
  readonly list: () => Iterable<ContentLink>
}

/**
 * `/ipns/<name>`: names that are followed, as folders that nobody here can write to, and own ones. What
 * a name leads to moves; below it everything is the content of a CID, and who is in there stays
 * in it when the name moves on.
 */
export function openIpnsTree(options: FrozenTreeOptions, names: NamesView): Tree {
  return openContentTree(options, {
    find: name => {
      const found = names.find(name)
      if (found !== undefined) return found
      throw new CairnError(
        'not-found',
        `${nameText(name)} is neither followed nor published here: cairn follow brings it`
      )
    },
    list: () =>
      Array.from(names.list(), link => ({ link, cookie: nameCookie(link.name) })).sort(
        (one, other) => one.cookie - other.cookie
      )
  })
}
