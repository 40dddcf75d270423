import { type Access, localAccess, mayDo } from '../base/access.ts'
import type { Name } from '../base/names.ts'
import type { DavTrees } from './api.ts'

/** What one user sees of the drive. */
export interface View {
  readonly user: string | undefined
  /** The folder of the tree that is all of `/dav/mfs` to them. None: the tree's root. */
  readonly root: readonly Name[]
  readonly writable: boolean
  readonly trees: ReadonlyArray<keyof DavTrees>
}

/** Who is kept to a folder sees nothing but that folder. */
export function viewOf(access: Access): View {
  const { user, root } = access
  const trees = root.length === 0 ? (['mfs', 'ipfs', 'pkg'] as const) : (['mfs'] as const)
  return { user, root, trees, writable: mayDo(access, 'write') }
}

/** As the tree is: how locks are kept. */
export const wholeView: View = viewOf(localAccess)

/** Names below `/dav` as the tree has them, of names as the user has them. */
export function namesInTree({ root }: View, names: readonly Name[]): readonly Name[] {
  const [tree, ...below] = names
  return tree === undefined || root.length === 0 ? names : [tree, ...root, ...below]
}

/** The other way round. */
export function namesInView({ root }: View, names: readonly Name[]): readonly Name[] {
  const [tree, ...below] = names
  return tree === undefined || root.length === 0 ? names : [tree, ...below.slice(root.length)]
}
