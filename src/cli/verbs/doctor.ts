import { CairnError } from '../../base/errors.ts'
import { showCount } from '../../base/show-units.ts'
import { loadSettings } from '../../daemon/settings.ts'
import type { Cli } from '../cli.ts'
import { examineMachine } from '../examine/examine-machine.ts'
import type { Finding } from '../examine/finding.ts'
import type { StartOptions } from './start.ts'

/** Prints one line a check: ok, warn or fail, with what to do. Throws `io` at the end if any failed. */
export async function doctor(cli: Cli, options: StartOptions): Promise<void> {
  const { home, mount, listen } = options
  const settings = await loadSettings({
    flags: { home, mount, listen },
    environment: cli.environment
  })
  let failed = 0
  for await (const finding of examineMachine(settings, cli.environment, cli.signal)) {
    if (finding.verdict === 'fail') failed++
    if (options.json === true) cli.terminal.printJson(finding)
    else cli.terminal.print(showFinding(finding))
  }
  if (failed > 0) {
    throw new CairnError('io', `${showCount(failed, 'check')} failed: see above`)
  }
}

function showFinding({ verdict, check, found, advice }: Finding): string {
  const line = `${verdict.padEnd(4)}  ${check}: ${found}`
  return advice === undefined ? line : `${line}\n      → ${advice}`
}
