import type { Name } from '../base/names.ts'
import type { Attributes, Ino, Tree } from '../vfs/api.ts'

/** The lookups of one request: inodes stay usable until it lets go of all. */
export class Hold {
  readonly #held: Array<{ readonly tree: Tree; readonly ino: Ino }> = []

  lookup(tree: Tree, parent: Ino, name: Name): Attributes {
    return this.keep(tree, tree.lookup(parent, name))
  }

  /** Takes over a lookup that was counted by another call. */
  keep(tree: Tree, attributes: Attributes): Attributes {
    this.#held.push({ tree, ino: attributes.ino })
    return attributes
  }

  release(): void {
    for (const { tree, ino } of this.#held.splice(0)) tree.forget(ino, 1)
  }
}
