import { openHosting } from '../../daemon/apt/archive-files.ts'
import {
  type ArchivedPackage,
  listPackages,
  removePackages
} from '../../daemon/apt/remove-packages.ts'
import { openCatalog } from '../../pull/catalog.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'
import type { AptPublishOptions } from './apt-publish.ts'

/** Takes packages out of an archive, daemon or not, and says which. Throws as `removePackages`. */
export async function aptRemove(
  cli: Cli,
  archive: string,
  packages: readonly string[],
  options: AptPublishOptions
): Promise<void> {
  const settings = await settingsOf(cli, options)
  const { suite, component } = options
  const removed = await withContent(settings.home, content =>
    removePackages(content, settings, { archive, suite, component, packages })
  )
  tell(cli, removed, options)
}

export async function aptList(
  cli: Cli,
  archive: string | undefined,
  options: CommonOptions
): Promise<void> {
  const settings = await settingsOf(cli, options)
  const found = await withContent(settings.home, content => {
    const places = openCatalog(content.database).hosted('apt/')
    const names = places.map(place => place.slice('apt/'.length))
    const hosting = openHosting(content, settings)
    return names
      .filter(name => archive === undefined || name === archive)
      .flatMap(name => listPackages(hosting, name))
  })
  tell(cli, found, options)
}

function tell(cli: Cli, packages: readonly ArchivedPackage[], { json }: CommonOptions): void {
  for (const each of packages) {
    const { archive, suite, component, name, version, architecture } = each
    if (json === true) cli.terminal.printJson(each)
    else cli.terminal.print(`${archive} ${suite}/${component}  ${name} ${version} ${architecture}`)
  }
}
