import { Command } from 'commander'
import { addAptVerbs } from './apt-verbs.ts'
import { addBundleVerbs } from './bundle-verbs.ts'
import type { Cli } from './cli.ts'
import { addContentVerbs } from './content-verbs.ts'
import { addDaemonVerbs } from './daemon-verbs.ts'
import { addHistoryVerbs } from './history-verbs.ts'
import { addNameVerbs } from './name-verbs.ts'
import { addOciVerbs } from './oci-verbs.ts'
import { addPeerVerbs } from './peer-verbs.ts'
import { addSetupVerbs } from './setup-verbs.ts'
import { addTransferVerbs } from './transfer-verbs.ts'
import { addUserVerbs } from './user-verbs.ts'
import { addWarmVerbs } from './warm-verbs.ts'

const about = `One content-addressed store on this machine, seen as a drive and as a package mirror.

Settings come from a flag, else the environment (CAIRN_HOME and so on), else config.yaml in the home, else the default.`

/** Every verb there is, with its flags, help and example; what a verb does is loaded when it runs. */
export function buildProgram(cli: Cli): Command {
  const program = new Command('cairn')
  program.description(about).version(cli.version, '--version', 'print the version and exit')
  program.exitOverride().showHelpAfterError('(cairn --help shows the verbs)')
  program.configureHelp({ sortSubcommands: false, showGlobalOptions: false })
  addDaemonVerbs(program, cli)
  addTransferVerbs(program, cli)
  addContentVerbs(program, cli)
  addHistoryVerbs(program, cli)
  addNameVerbs(program, cli)
  addBundleVerbs(program, cli)
  addSetupVerbs(program, cli)
  addUserVerbs(program, cli)
  addOciVerbs(program, cli)
  addPeerVerbs(program, cli)
  addAptVerbs(program, cli)
  addWarmVerbs(program, cli)
  return program
}
