import { homePaths } from '../../base/home.ts'
import type { ResolveResult } from '../../control/api.ts'
import { callDaemon } from '../../control/client.ts'
import { resolvingOf } from '../../daemon/name-service.ts'
import { resolveName } from '../../names/resolve-name.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { withNames } from '../with-names.ts'

/** Where a name stands: asked by the daemon, whose peers may know, or from here if none runs. */
export async function resolve(cli: Cli, name: string, options: CommonOptions): Promise<void> {
  await withNames(cli, options, async ({ names, settings }) => {
    const query = new URLSearchParams({ name })
    const { socket } = homePaths(settings.home)
    const resolved =
      (await callDaemon<ResolveResult>(socket, 'POST', `resolve?${query}`, cli.signal)) ??
      (await resolveName(name, resolvingOf(settings, names), cli.signal))
    if (options.json === true) cli.terminal.printJson({ name, ...resolved })
    else cli.terminal.print(resolved.path)
  })
}
