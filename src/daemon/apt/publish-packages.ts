import { createReadStream } from 'node:fs'
import { entryOf, type IndexEntry, poolPath } from '../../../adapters/apt/archive/index-texts.ts'
import { readControl } from '../../../adapters/apt/archive/read-control.ts'
import { CairnError, toCairnError } from '../../base/errors.ts'
import type { FileToHost, Hosting } from '../../pull/hosting.ts'
import type { Content } from '../content.ts'
import type { Settings } from '../settings.ts'
import {
  type ArchivePart,
  archiveFiles,
  checkNames,
  entriesOf,
  factsOf,
  openHosting
} from './archive-files.ts'
import { archiveKey } from './archive-key.ts'

export interface PublishOrder extends ArchivePart {
  /** Paths of `.deb` files. */
  readonly files: readonly string[]
}

/** A package that was published, or had been. */
export interface Published {
  readonly file: string
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly path: string
}

const debType = 'application/vnd.debian.binary-package'

interface Added {
  readonly source: string
  readonly entry: IndexEntry
  readonly file: FileToHost
}

/**
 * Adds packages to an archive published here, and makes it if there is none: all of them or, if one
 * is refused or the process dies, none; clients see the archive before or after. Throws `conflict` for
 * the name of a configured upstream, `exists` for another package of the same name, version and
 * architecture, `invalid` for what is no package.
 */
export async function publishPackages(
  content: Content,
  settings: Settings,
  order: PublishOrder
): Promise<Published[]> {
  checkNames(order, settings)
  const hosting = openHosting(content, settings)
  const key = await archiveKey(settings.home)
  const added: Added[] = []
  for (const source of order.files) added.push(await storePackage(hosting, source, order))
  const place = `apt/${order.archive}`
  await hosting.change(place, `${place}/dists/${order.suite}/InRelease`, async () => {
    for (const { source, file } of added) refuseOther(hosting, place, source, file)
    const entries = entriesOf(hosting, order)
    for (const { entry } of added) entries.set(entry.path, entry)
    const files = await archiveFiles(hosting, key, order, entries)
    return { files: [...added.map(({ file }) => file), ...files] }
  })
  return added.map(({ source, entry: { name, version, architecture, path } }) => ({
    file: source,
    name,
    version,
    architecture,
    path
  }))
}

async function storePackage(
  hosting: Hosting,
  source: string,
  { component }: PublishOrder
): Promise<Added> {
  try {
    const control = await readControl(createReadStream(source))
    const stored = await hosting.store(createReadStream(source, { highWaterMark: 1024 * 1024 }))
    const path = poolPath(component, control)
    const file = { ...stored, path, mediaType: debType, mutable: false }
    return { source, entry: entryOf(control, factsOf(file)), file }
  } catch (cause) {
    const { code, message } = toCairnError(cause)
    throw new CairnError(code, `${source}: ${message}`, { cause })
  }
}

/** apt takes a package of a name, version and architecture for the same, whatever its bytes. */
function refuseOther(hosting: Hosting, place: string, source: string, file: FileToHost): void {
  const there = hosting.item(`${place}/${file.path}`)
  if (there === undefined || there.cid.equals(file.cid)) return
  throw new CairnError(
    'exists',
    `${source}: another package is published as ${file.path}: give it a new version`
  )
}
