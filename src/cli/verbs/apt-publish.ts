import { archiveKey } from '../../daemon/apt/archive-key.ts'
import { publishPackages } from '../../daemon/apt/publish-packages.ts'
import { showAddress } from '../../daemon/listen-address.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'

export interface AptPublishOptions extends CommonOptions {
  readonly suite: string
  readonly component: string
}

/** Publishes packages, daemon or not, and says how apt gets at them. Throws as `publishPackages`. */
export async function aptPublish(
  cli: Cli,
  archive: string,
  files: readonly string[],
  options: AptPublishOptions
): Promise<void> {
  const settings = await settingsOf(cli, options)
  const { suite, component } = options
  const published = await withContent(settings.home, content =>
    publishPackages(content, settings, { archive, suite, component, files })
  )
  for (const each of published) {
    if (options.json === true) cli.terminal.printJson({ archive, ...each })
    else cli.terminal.print(`${each.name} ${each.version} ${each.architecture}  ${each.path}`)
  }
  if (options.json === true) return
  const url = `http://${showAddress(settings.listen)}/apt/${archive}`
  const keyring = `/etc/apt/keyrings/cairn-${archive}.asc`
  cli.terminal.note(`apt gets at it, as root:
  curl -fsS ${url}/archive-key.asc -o ${keyring}
  echo 'deb [signed-by=${keyring}] ${url} ${suite} ${component}' > /etc/apt/sources.list.d/cairn-${archive}.list`)
}

export async function aptKey(cli: Cli, options: CommonOptions): Promise<void> {
  const { home } = await settingsOf(cli, options)
  const { publicKey } = await withContent(home, () => archiveKey(home))
  if (options.json === true) cli.terminal.printJson({ publicKey })
  else cli.terminal.print(publicKey.trimEnd())
}
