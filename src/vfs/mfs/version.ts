import type { Attributes } from '../api.ts'
import type { Validators } from './api.ts'
import type { Context } from './context.ts'
import type { ShownInode } from './inode.ts'
import { getInode } from './inodes.ts'
import { cidOf } from './xattrs.ts'

/**
 * The version names an inode, how often it was opened, closed or changed, its size and the time of
 * its last write. Sealing, which changes nothing, does not change it.
 */
export function validatorsOf(context: Context, attributes: Attributes): Validators {
  const inode = shownOf(attributes) ?? context.listed.get(attributes)
  return new RowValidators(attributes, inode ?? getInode(context, attributes.ino))
}

/** A listing gives rows as they are where they say all there is to say. */
function shownOf(attributes: Attributes & Partial<ShownInode>): ShownInode | undefined {
  return attributes.generation === undefined ? undefined : (attributes as ShownInode)
}

/** Listings show one of the two: each is made when it is asked for. */
class RowValidators implements Validators {
  readonly #attributes: Attributes
  readonly #inode: ShownInode

  constructor(attributes: Attributes, inode: ShownInode) {
    this.#attributes = attributes
    this.#inode = inode
  }

  get cid(): string | undefined {
    return cidOf(this.#inode)
  }

  get version(): string {
    const { ino, size, mtimeSeconds, mtimeNanoseconds } = this.#attributes
    return [ino, this.#inode.generation, size, mtimeSeconds, mtimeNanoseconds]
      .map(number => number.toString(36))
      .join('-')
  }
}
