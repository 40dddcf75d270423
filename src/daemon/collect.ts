import { CID } from 'multiformats/cid'
import { codec, type Multihash } from '../base/blocks.ts'
import { systemClock } from '../base/clock.ts'
import type { Reference } from '../base/references.ts'
import { Reserve } from '../base/reserve.ts'
import { namesReferences } from '../names/schema.ts'
import { registryReferences } from '../pull/registry/schema.ts'
import { RetentionState } from '../pull/retention/retention-state.ts'
import type { RetentionPolicy } from '../pull/retention/trim-cache.ts'
import { catalogReferences } from '../pull/schema.ts'
import type { Roots } from '../roots/api.ts'
import { rootsReferences } from '../roots/schema.ts'
import {
  type CollectOptions,
  type CollectReport,
  collectGarbage
} from '../store/collect/collect-garbage.ts'
import { dagLinks } from '../unixfs/dag-links.ts'
import { vfsReferences } from '../vfs/schema.ts'
import type { Content } from './content.ts'
import type { Settings } from './settings.ts'

/** Every column of a home's tables that names content: a test holds that none is forgotten. */
export const homeReferences: readonly Reference[] = [
  ...rootsReferences,
  ...namesReferences,
  ...vfsReferences,
  ...catalogReferences,
  ...registryReferences
]

/** Frees what nothing in a home leads to, daemon or not, and writes down what is left. Throws as `collectGarbage`. */
export async function collectHome(
  { paths: { segments }, database }: Pick<Content, 'paths' | 'database'>,
  options: Pick<CollectOptions, 'dryRun' | 'signal' | 'onProgress'>
): Promise<CollectReport> {
  const reserve = new Reserve(segments)
  const references = homeReferences
  const all = { segments, database, reserve, references, linksOf: dagLinks, ...options }
  const report = await collectGarbage(all)
  if (options.dryRun !== true) {
    const state = new RetentionState(database)
    state.collected(report.fileBytes, report.freedBytes, systemClock.nowMs())
  }
  return report
}

/** What people pinned and where roots stand, in both of the forms that name the same bytes. */
export function pinnedCids(roots: Pick<Roots, 'pins' | 'list'>): Uint8Array[] {
  return [...roots.pins(), ...roots.list()].flatMap(({ cid }) => {
    const isOld = cid.code === codec.dagPb && cid.multihash.code === sha256Code
    return [cid.toV1().bytes, ...(isOld ? [cid.toV0().bytes] : [])]
  })
}

const sha256Code = 0x12

export function multihashOf(cid: Uint8Array): Multihash {
  return CID.decode(Uint8Array.from(cid)).multihash.bytes
}

export function policyOf(
  settings: Pick<Settings, 'cacheBudget' | 'cacheUnusedMs'>
): RetentionPolicy {
  return { budgetBytes: settings.cacheBudget, unusedMs: settings.cacheUnusedMs }
}
