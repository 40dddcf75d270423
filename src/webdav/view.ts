import { type Access, localAccess, mayDo } from '../base/access.ts'
import { CairnError } from '../base/errors.ts'
import { type Name, toName } from '../base/names.ts'
import type { DavTrees } from './api.ts'

/** What one user sees of the drive. */
export interface View {
  readonly user: string | undefined
  /** The folder of the tree that is all of `/dav/mfs` to them. None: the tree's root. */
  readonly root: readonly Name[]
  /** What stands before the names in that folder, as the user writes them. */
  readonly prefix: readonly Name[]
  readonly writable: boolean
  readonly trees: ReadonlyArray<keyof DavTrees>
}

/** Who is kept to a folder sees nothing but that folder. */
export function viewOf(access: Access): View {
  const { user, root } = access
  const all = ['mfs', 'ipfs', 'ipns', 'pkg'] as const
  const trees = root.length === 0 ? all : (['mfs'] as const)
  return { user, root, prefix: [toName('mfs')], trees, writable: mayDo(access, 'write') }
}

/** The drive below a name in `/dav/ipns` that is a folder of /mfs: nothing but that folder. */
export function viewOfName(view: View, name: Name, root: readonly Name[]): View {
  return { ...view, root, prefix: [toName('ipns'), name], trees: ['mfs'] }
}

/** As the tree is: how locks are kept. */
export const wholeView: View = viewOf(localAccess)

/** Names below `/dav` as the tree has them, of names as the user has them. Throws `denied` for what they do not see. */
export function namesInTree({ root, prefix }: View, names: readonly Name[]): readonly Name[] {
  if (root.length === 0 && prefix.length === 1) return names
  if (prefix.every((name, index) => names[index] === name)) {
    return [toName('mfs'), ...root, ...names.slice(prefix.length)]
  }
  if (prefix.length === 1) return names
  throw new CairnError('denied', `it is not below /dav/${prefix.join('/')}: copy it by a client`)
}

/** The other way round. */
export function namesInView({ root, prefix }: View, names: readonly Name[]): readonly Name[] {
  if (names.length === 0 || (root.length === 0 && prefix.length === 1)) return names
  return names[0] === 'mfs' ? [...prefix, ...names.slice(1 + root.length)] : names
}
