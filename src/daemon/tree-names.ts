/** The trees that are mounted, each below the mount folder by its name. */
export const treeNames = ['ipfs', 'ipns', 'mfs', 'pkg'] as const
export type TreeName = (typeof treeNames)[number]
