import { CairnError, toCairnError } from '../../base/errors.ts'
import type { Name } from '../../base/names.ts'
import type { DirectoryLink, Node } from '../../unixfs/api.ts'
import { isSharded, listBytes } from '../../unixfs/build-directory.ts'
import { changeDirectory, type ShardedBefore } from '../../unixfs/change-directory.ts'
import type { Context } from './context.ts'
import { forgetShards } from './known-shards.ts'
import type { DirectoryPlan } from './plan-seal.ts'
import { metadataOf } from './seal-file.ts'

/** What a plan became. */
export interface BuiltDirectory {
  readonly plan: DirectoryPlan
  readonly node: Node
  /** Of one that is sharded. */
  readonly listBytes: number | undefined
}

/**
 * Makes the blocks of a directory, given the nodes of what was dirty in it. Throws `conflict` where the blocks that
 * it was to start from are of no use: the next plan lists all of its names.
 */
export function buildPlan(
  context: Context,
  plan: DirectoryPlan,
  nodes: ReadonlyMap<number, Node>
): BuiltDirectory {
  if (plan.before !== undefined) return changeShards(context, plan, plan.before, nodes)
  const links = [...plan.links]
  for (const { name, inode } of plan.pending) {
    const node = nodes.get(inode.ino)
    if (node !== undefined) links.push({ ...node, name })
  }
  const { writer } = context.unixfs
  const metadata = metadataOf(context, plan.inode)
  const listed = listBytes(writer.profile, links)
  return {
    plan,
    node: writer.directory(links, metadata),
    listBytes: isSharded(writer.profile, listed, metadata ?? {}) ? listed : undefined
  }
}

function changeShards(
  context: Context,
  plan: DirectoryPlan,
  before: ShardedBefore,
  nodes: ReadonlyMap<number, Node>
): BuiltDirectory {
  const changes = new Map<Name, DirectoryLink | undefined>()
  for (const name of plan.gone) changes.set(name, undefined)
  for (const link of plan.links) changes.set(link.name, link)
  for (const { name, inode } of plan.pending) {
    const node = nodes.get(inode.ino)
    changes.set(name, node && { ...node, name })
  }
  const { blocks, unixfs } = context
  const metadata = metadataOf(context, plan.inode)
  const changed = unlessLost(() =>
    changeDirectory(blocks, unixfs.writer.profile, before, changes, metadata)
  )
  if (changed !== undefined) return { plan, ...changed }
  context.database.write(() => forgetShards(context, plan.inode.ino))
  throw new CairnError(
    'conflict',
    `the directory ${plan.inode.ino} is to be built of all its names`
  )
}

function unlessLost<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (cause) {
    const { code } = toCairnError(cause)
    if (code === 'missing' || code === 'corrupt') return undefined
    throw cause
  }
}
