import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { type Name, nameFromBytes, toName } from '../base/names.ts'
import { type Attributes, fileType, type Ino, type Tree } from '../vfs/api.ts'
import type { Dav } from './api.ts'
import type { Hold } from './hold.ts'
import { lookupAlike } from './name-forms.ts'
import type { DavPath } from './path.ts'

/** What a path leads to. */
export type Resource = NodeResource | FolderResource

/** An inode of a tree. */
export interface NodeResource {
  readonly kind: 'node'
  readonly names: readonly Name[]
  readonly tree: Tree
  readonly attributes: Attributes
  /** Of a member that is a link: it is shown as what it leads to. */
  readonly linked?: true
}

/** `/dav`, which holds the trees. */
export interface FolderResource {
  readonly kind: 'folder'
  readonly names: readonly Name[]
  readonly members: readonly Name[]
}

export function isCollection(resource: Resource): boolean {
  return resource.kind === 'folder' || isType(resource.attributes, fileType.directory)
}

export function isInMfs({ trees }: Dav, resource: Resource): boolean {
  return resource.kind === 'node' && resource.tree === trees.mfs
}

export function isType({ mode }: { readonly mode: number }, type: number): boolean {
  return (mode & fileType.mask) === type
}

export function treeOf({ trees, view }: Dav, name: Name | undefined): Tree | undefined {
  const known = view.trees.find(each => each === name)
  return known === undefined ? undefined : trees[known]
}

/**
 * Walks to a resource. Symlinks that stay within their tree, or the user's folder, are followed, the last one too unless
 * `last` is `itself`. Throws `not-found`, below a file too, `missing`, `loop`.
 */
export function walk(
  dav: Dav,
  hold: Hold,
  { names }: DavPath,
  last: 'followed' | 'itself' = 'followed'
): Resource {
  const [first, ...rest] = names
  if (first === undefined) {
    return { kind: 'folder', names, members: dav.view.trees.map(toName) }
  }
  const tree = treeOf(dav, first)
  if (tree === undefined) throw new CairnError('not-found', 'there is no such folder in /dav')
  const attributes = new Walk(tree, hold, dav.view.root).to(rest.slice(dav.view.root.length), last)
  return { kind: 'node', names, tree, attributes }
}

/** As `walk`; undefined where there is nothing. */
export function find(
  dav: Dav,
  hold: Hold,
  path: DavPath,
  last: 'followed' | 'itself' = 'followed'
): Resource | undefined {
  try {
    return walk(dav, hold, path, last)
  } catch (error) {
    if (error instanceof CairnError && error.code === 'not-found') return undefined
    throw error
  }
}

class Walk {
  readonly #tree: Tree
  readonly #hold: Hold
  readonly #way: Attributes[]
  /** Nodes of the way that `..` does not leave. */
  #above = 1
  #linksLeft: number = limits.symlinksFollowed

  constructor(tree: Tree, hold: Hold, root: readonly Name[]) {
    this.#tree = tree
    this.#hold = hold
    this.#way = [tree.attributes(tree.root)]
    this.to(root, 'followed')
    this.#above = this.#way.length
  }

  to(names: readonly Name[], last: 'followed' | 'itself'): Attributes {
    const queue = [...names]
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const target = this.#step(name, last === 'itself' && queue.length === 0)
      if (target !== undefined) queue.unshift(...target)
    }
    return this.#here
  }

  get #here(): Attributes {
    const here = this.#way.at(-1)
    if (here === undefined) throw outside()
    return here
  }

  /** Goes one name on; of a link to be followed, returns the names of its target. */
  #step(name: Name, asItself: boolean): Name[] | undefined {
    if (name === '..') {
      if (this.#way.length === this.#above) throw outside()
      this.#way.pop()
      return undefined
    }
    const above = this.#here
    if (!isType(above, fileType.directory)) {
      throw new CairnError('not-found', 'there is a file above it, which has no members')
    }
    const found = lookupAlike(this.#hold, this.#tree, above.ino, name)
    if (asItself || !isType(found, fileType.symlink)) {
      this.#way.push(found)
      return undefined
    }
    return this.#target(found.ino)
  }

  #target(ino: Ino): Name[] {
    if (this.#linksLeft-- === 0) throw new CairnError('loop', 'too many links on the way')
    const target = nameFromBytes(this.#tree.readLink(ino))
    if (target.startsWith('/')) {
      throw new CairnError('not-found', 'the link leads to an absolute path, which /dav has not')
    }
    return target.split('/').filter(part => part !== '' && part !== '.') as Name[]
  }
}

function outside(): CairnError {
  return new CairnError('not-found', 'a link leads out of its tree')
}
