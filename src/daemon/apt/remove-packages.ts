import type { IndexEntry } from '../../../adapters/apt/archive/index-texts.ts'
import { CairnError } from '../../base/errors.ts'
import type { Hosting } from '../../pull/hosting.ts'
import type { Content } from '../content.ts'
import type { Settings } from '../settings.ts'
import {
  type ArchivePart,
  archiveFiles,
  checkNames,
  entriesOf,
  openHosting
} from './archive-files.ts'
import { archiveKey } from './archive-key.ts'

export interface RemoveOrder extends ArchivePart {
  /** `NAME`, all its versions, or `NAME=VERSION`; of all architectures. */
  readonly packages: readonly string[]
}

/** A package of an archive, and where. */
export interface ArchivedPackage extends ArchivePart {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly path: string
}

/**
 * Takes packages out of a part of an archive published here: all of them or none. A file that no other part names
 * goes, too. Throws `not-found` for one that is not there.
 */
export async function removePackages(
  content: Content,
  settings: Settings,
  order: RemoveOrder
): Promise<ArchivedPackage[]> {
  checkNames(order, settings)
  const hosting = openHosting(content, settings)
  const place = `apt/${order.archive}`
  const key = await archiveKey(settings.home)
  let gone: IndexEntry[] = []
  await hosting.change(place, `${place}/dists/${order.suite}/InRelease`, async () => {
    const entries = entriesOf(hosting, order)
    gone = order.packages.flatMap(text => find(entries, text, order))
    for (const { path } of gone) entries.delete(path)
    const elsewhere = new Set(
      listPackages(hosting, order.archive)
        .filter(({ suite, component }) => suite !== order.suite || component !== order.component)
        .map(({ path }) => path)
    )
    return {
      files: await archiveFiles(hosting, key, order, entries),
      removed: gone.map(({ path }) => path).filter(path => !elsewhere.has(path))
    }
  })
  return gone.map(entry => shown(entry, order))
}

function find(
  entries: ReadonlyMap<string, IndexEntry>,
  text: string,
  { archive, suite, component }: ArchivePart
): IndexEntry[] {
  const [, name, version] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? []
  const found = [...entries.values()].filter(
    entry => entry.name === name && (version === undefined || entry.version === version)
  )
  if (found.length > 0) return found
  const shownText = JSON.stringify(text.slice(0, 120))
  throw new CairnError('not-found', `${archive} has no ${shownText} in ${suite}/${component}`)
}

/** All packages of an archive published here, in the order of suites, components, names and versions. */
export function listPackages(hosting: Hosting, archive: string): ArchivedPackage[] {
  const dists = `apt/${archive}/dists`
  return hosting.names(dists).flatMap(suite =>
    hosting
      .names(`${dists}/${suite}`)
      .filter(name => !/Release/.test(name))
      .flatMap(component => {
        const part = { archive, suite, component }
        return [...entriesOf(hosting, part).values()].map(entry => shown(entry, part))
      })
  )
}

function shown(
  { name, version, architecture, path }: IndexEntry,
  { archive, suite, component }: ArchivePart
): ArchivedPackage {
  return { archive, suite, component, name, version, architecture, path }
}
