import { CairnError } from '../base/errors.ts'
import type { Tree, WritableTree } from '../vfs/api.ts'
import { type Freshness, freshnessOf } from './freshness.ts'
import type { InPlace } from './in-place.ts'
import { Reply } from './reply.ts'
import { Request } from './request.ts'

/** What a thread answers with: a tree, and one request and reply at a time. */
export interface Session {
  readonly tree: Tree
  /** The tree if it can be written. Throws `read-only` otherwise. */
  readonly writer: () => WritableTree
  readonly freshness: Freshness
  /** If the kernel may read and write files in place: then each handle is counted. */
  readonly inPlace: InPlace | undefined
  readonly request: Request
  readonly reply: Reply
}

export function openSession(tree: Tree, inPlace?: InPlace): Session {
  const writable = isWritable(tree) ? tree : undefined
  return {
    tree,
    writer: () => writable ?? refuseWrite(),
    freshness: freshnessOf(tree),
    inPlace,
    request: new Request(),
    reply: new Reply()
  }
}

export function isWritable(tree: Tree): tree is WritableTree {
  return 'write' in tree
}

function refuseWrite(): never {
  throw new CairnError('read-only', 'nothing can be written here')
}
