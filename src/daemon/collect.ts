import type { Reference } from '../base/references.ts'
import { Reserve } from '../base/reserve.ts'
import { namesReferences } from '../names/schema.ts'
import { registryReferences } from '../pull/registry/schema.ts'
import { catalogReferences } from '../pull/schema.ts'
import { rootsReferences } from '../roots/schema.ts'
import {
  type CollectOptions,
  type CollectReport,
  collectGarbage
} from '../store/collect/collect-garbage.ts'
import { dagLinks } from '../unixfs/dag-links.ts'
import { vfsReferences } from '../vfs/schema.ts'
import type { Content } from './content.ts'

/** Every column of a home's tables that names content: a test holds that none is forgotten. */
export const homeReferences: readonly Reference[] = [
  ...rootsReferences,
  ...namesReferences,
  ...vfsReferences,
  ...catalogReferences,
  ...registryReferences
]

/** Frees what nothing in a home leads to, daemon or not. Throws as `collectGarbage`. */
export function collectHome(
  { paths: { segments }, database }: Pick<Content, 'paths' | 'database'>,
  options: Pick<CollectOptions, 'dryRun' | 'signal' | 'onProgress'>
): Promise<CollectReport> {
  const reserve = new Reserve(segments)
  const references = homeReferences
  return collectGarbage({ segments, database, reserve, references, linksOf: dagLinks, ...options })
}
