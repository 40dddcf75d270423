import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { AptPublishOptions } from './verbs/apt-publish.ts'

/** apt publish, apt rm, apt ls, apt key: archives of one's own. */
export function addAptVerbs(program: Command, cli: Cli): void {
  const apt = program
    .command('apt')
    .description('Debian archives: publish packages of your own, list and remove them')
  apt.exitOverride()
  addVerb(apt, 'publish', {
    does: 'Adds packages to a signed archive that apt installs from, and makes it if there is none',
    example: 'cairn apt publish local ./build/*.deb'
  })
    .argument('<archive>', 'its name: it is served at /apt/<archive>/')
    .argument('<deb...>', 'the packages')
    .option('--suite <name>', 'the suite they belong to', 'stable')
    .option('--component <name>', 'the component they belong to', 'main')
    .action(async (archive: string, files: string[], options: AptPublishOptions) =>
      (await import('./verbs/apt-publish.ts')).aptPublish(cli, archive, files, options)
    )
  addVerb(apt, 'rm', {
    does: 'Takes packages out of an archive published here: NAME, all versions of it, or NAME=VERSION',
    example: 'cairn apt rm local hello=2.10-3'
  })
    .argument('<archive>', 'its name')
    .argument('<package...>', 'NAME or NAME=VERSION')
    .option('--suite <name>', 'the suite they are in', 'stable')
    .option('--component <name>', 'the component they are in', 'main')
    .action(async (archive: string, packages: string[], options: AptPublishOptions) =>
      (await import('./verbs/apt-remove.ts')).aptRemove(cli, archive, packages, options)
    )
  addVerb(apt, 'ls', {
    does: 'Lists the packages of archives published here',
    example: 'cairn apt ls local'
  })
    .argument('[archive]', 'one archive; all without it')
    .action(async (archive: string | undefined, options: CommonOptions) =>
      (await import('./verbs/apt-remove.ts')).aptList(cli, archive, options)
    )
  addVerb(apt, 'key', {
    does: 'Prints the public key that archives published here are signed with',
    example: 'cairn apt key | sudo tee /etc/apt/keyrings/cairn.asc'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/apt-publish.ts')).aptKey(cli, options)
  )
}
