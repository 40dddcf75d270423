import { CairnError } from '../base/errors.ts'
import { type Name, splitPath, toName } from '../base/names.ts'
import type { TreeName } from '../daemon/tree-names.ts'
import { parseCid } from './parse-cid.ts'

/** A place in one of the trees: the names that lead to it from the tree's root. */
export interface ContentPath {
  readonly tree: TreeName
  readonly names: readonly Name[]
}

/** https://specs.ipfs.tech/ipns/ipns-record/#ipns-name */
const libp2pKey = 0x72

/**
 * Parses `CID`, `CID/path`, `/ipfs/CID/path`, `/ipns/name/path`, `/mfs/path` and `/pkg/path`; a CID of a
 * key is the name in /ipns. Throws `usage` for anything else.
 */
export function parsePath(text: string): ContentPath {
  const [, tree, below] = /^\/(ipfs|ipns|mfs|pkg)(?:\/(.*))?$/s.exec(text) ?? [
    undefined,
    'ipfs',
    text
  ]
  if (below?.startsWith('/') === true) {
    throw new CairnError(
      'usage',
      `${JSON.stringify(text.slice(0, 120))} is not in the store: give CID/path, or a path in /ipfs, /ipns, /mfs or /pkg`
    )
  }
  const names = splitPath(below ?? '')
  if (tree !== 'ipfs') return { tree: tree as TreeName, names }
  const cid = parseCid((below ?? '').split('/', 1)[0] ?? '')
  if (cid.code === libp2pKey) {
    return { tree: 'ipns', names: [toName(cid.toString()), ...names.slice(1)] }
  }
  return { tree: 'ipfs', names: [toName(cid.toString()), ...names.slice(1)] }
}
