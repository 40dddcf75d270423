import { CairnError } from '../../base/errors.ts'
import { type Name, nameText, toName } from '../../base/names.ts'
import type { PackageItem, PackageView } from './package-view.ts'

/** What stands in a catalog directory: more of the catalog, an item, or the folder of an archive's contents. */
export type CatalogPlace =
  | { readonly name: Name; readonly kind: 'directory' }
  | { readonly name: Name; readonly kind: 'item'; readonly item: PackageItem }
  | { readonly name: Name; readonly kind: 'folder'; readonly archive: Name }

/** What a name in a catalog directory leads to, or undefined. */
export function findPlace(
  packages: PackageView,
  prefix: string,
  name: Name
): CatalogPlace | undefined {
  const key = joinKey(prefix, nameText(name))
  if (hasAny(packages.list(key))) return { name, kind: 'directory' }
  const item = packages.item(key)
  if (item !== undefined) return { name, kind: 'item', item }
  for (const suffix of packages.archiveSuffixes) {
    const archive = showable(nameText(name) + suffix)
    if (archive !== undefined && packages.item(key + suffix) !== undefined) {
      return { name, kind: 'folder', archive }
    }
  }
  return undefined
}

/** All of a catalog directory, each name once: a directory goes before an item, an item before a folder. */
export function listPlaces(packages: PackageView, prefix: string): CatalogPlace[] {
  const places = new Map<Name, CatalogPlace>()
  const folders: CatalogPlace[] = []
  for (const entry of packages.list(prefix)) {
    const name = showable(entry.name)
    if (name === undefined || places.get(name)?.kind === 'directory') continue
    if (entry.kind === 'directory') {
      places.set(name, { name, kind: 'directory' })
      continue
    }
    const item = packages.item(joinKey(prefix, entry.name))
    if (item === undefined) continue
    places.set(name, { name, kind: 'item', item })
    const folder = folderName(packages, entry.name)
    if (folder !== undefined) folders.push({ name: folder, kind: 'folder', archive: name })
  }
  for (const folder of folders) if (!places.has(folder.name)) places.set(folder.name, folder)
  return [...places.values()]
}

export function joinKey(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}/${name}`
}

function folderName(packages: PackageView, archive: string): Name | undefined {
  const suffix = packages.archiveSuffixes.find(end => archive.endsWith(end))
  return suffix === undefined ? undefined : showable(archive.slice(0, -suffix.length))
}

/** A key's part as a name, or undefined if no file can have it: then a mount does not show it. */
function showable(text: string): Name | undefined {
  try {
    return toName(text)
  } catch (error) {
    if (error instanceof CairnError) return undefined
    throw error
  }
}

function hasAny(entries: Iterable<unknown>): boolean {
  for (const _ of entries) return true
  return false
}
