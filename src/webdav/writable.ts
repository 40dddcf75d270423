import type { Name } from '../base/names.ts'
import type { Attributes } from '../vfs/api.ts'
import type { Mfs } from '../vfs/mfs/api.ts'
import type { Dav } from './api.ts'
import type { Hold } from './hold.ts'
import { composed, nameThere } from './name-forms.ts'
import { type DavPath, parentPath } from './path.ts'
import { refuse } from './refuse.ts'
import { find, isCollection, treeOf } from './resource.ts'

/** A name in a directory of `/dav/mfs`, which may be there or not. */
export interface Place {
  readonly tree: Mfs
  readonly parent: Attributes
  readonly name: Name
}

/**
 * Where a path that is to be made, changed or removed lies. Throws a refusal: 403 in what is
 * read-only and of the trees themselves, 409 if the collection above is not there.
 */
export function placeOf(dav: Dav, hold: Hold, path: DavPath): Place {
  checkWritable(dav, path)
  const name = path.names.at(-1)
  if (path.names.length < 2 + dav.view.root.length || name === undefined) {
    throw refuse(403, 'the folders of /dav cannot be replaced, moved or removed')
  }
  const above = find(dav, hold, parentPath(path))
  if (above === undefined || above.kind === 'folder' || !isCollection(above)) {
    throw refuse(409, 'the collection above is not there: make it first')
  }
  const tree = dav.trees.mfs
  const { ino } = above.attributes
  const made = dav.composes ? composed(name) : name
  return { tree, parent: above.attributes, name: nameThere(tree, ino, name) ?? made }
}

/** Throws a refusal with status 403 unless the path lies in `/dav/mfs`, and the user may write. */
export function checkWritable(dav: Dav, { names }: DavPath): void {
  const [first] = names
  if (!dav.view.writable) {
    throw refuse(403, `${dav.view.user} may only read`, '<D:need-privileges/>')
  }
  if (treeOf(dav, first) === dav.trees.mfs) return
  throw refuse(
    403,
    `${first === undefined ? '/dav' : `/dav/${first}`} is read-only: write below /dav/mfs/`,
    '<D:need-privileges/>'
  )
}
