import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import type { Name } from '../../base/names.ts'
import type { Metadata, Node } from '../../unixfs/api.ts'
import type { NodeFacts } from '../../unixfs/side-record.ts'

/** What one layer does to a path. */
export type Place = DirectoryPlace | LeafPlace | PendingFile | Whiteout

export interface DirectoryPlace {
  readonly kind: 'directory'
  readonly children: Map<Name, Place>
  /** Folders above it. */
  readonly depth: number
  /** Undefined where the layer only changes something below it. */
  described: Described | undefined
  /** Nothing shows of what lower layers have below it. */
  opaque: boolean
}

/** A file, a symlink, a device. */
export interface LeafPlace {
  readonly kind: 'leaf'
  readonly node: Node
  /** The side record of its facts, if it has any to record. */
  readonly record: Node | undefined
  readonly facts: NodeFacts
  /** Of a symlink. */
  readonly target: string | undefined
}

/** A file that its layer's index names, and whose bytes are not here. */
export interface PendingFile {
  readonly kind: 'pending'
  readonly layer: number
  /** Its place in the index; `whole` if only the layer itself can tell what it is. */
  readonly file: number | 'whole'
  readonly target: undefined
  /** Once its bytes are here. */
  leaf: LeafPlace | undefined
}

interface Whiteout {
  readonly kind: 'whiteout'
}

/** What a directory is beside its entries. */
export interface Described {
  readonly metadata: Metadata
  readonly facts: NodeFacts
}

export const whiteout: Whiteout = { kind: 'whiteout' }

/** Throws `invalid` where folders lie too deep one in another to be walked. */
export function newDirectory(
  parent: DirectoryPlace | undefined,
  described: Described | undefined,
  opaque: boolean
): DirectoryPlace {
  const depth = parent === undefined ? 0 : parent.depth + 1
  if (depth > limits.unpackedDepth) {
    throw new CairnError('invalid', `it has folders more than ${limits.unpackedDepth} deep`)
  }
  return { kind: 'directory', children: new Map(), depth, described, opaque }
}
