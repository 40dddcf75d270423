import { systemClock } from '../../base/clock.ts'
import { showBytes, showCount } from '../../base/show-units.ts'
import type { ImportReport } from '../../bundle/api.ts'
import { importBundle } from '../../bundle/import-bundle.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { openProgress } from '../progress.ts'
import { withNames } from '../with-names.ts'

/** Takes a bundle in and says what it brought. */
export async function bundleImport(
  cli: Cli,
  folder: string,
  options: CommonOptions
): Promise<void> {
  const bar = await openProgress(cli.terminal, 'importing', 'block', systemClock)
  try {
    const report = await withNames(cli, options, ({ content, names }) =>
      importBundle({
        ...content,
        names,
        clock: systemClock,
        folder,
        onProgress: ({ blocks, bytes }) => bar.update({ things: blocks, bytes }),
        signal: cli.signal
      })
    )
    if (options.json === true) cli.terminal.printJson(report)
    else tell(cli, report)
  } finally {
    bar.stop()
  }
}

function tell(
  { terminal }: Cli,
  { blocks, bytes, newBlocks, roots, names, packages }: ImportReport
) {
  for (const { cid, label } of roots) terminal.print(`${cid}  ${label}`)
  for (const { name, outcome } of names) terminal.print(`/ipns/${name}  ${outcome}`)
  if (packages.taken + packages.older > 0) {
    terminal.print(`packages  ${packages.taken} taken, ${packages.older} not newer than here`)
  }
  terminal.note(
    `${showCount(blocks, 'block')} verified, ${newBlocks} of them new, ${showBytes(bytes)}`
  )
}
