import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { WarmAptOptions } from './verbs/warm-apt.ts'
import type { WarmOciOptions } from './verbs/warm-oci.ts'

/** warm npm, warm apt, warm oci: has the daemon fetch what will be wanted. */
export function addWarmVerbs(program: Command, cli: Cli): void {
  const warm = program
    .command('warm')
    .description('Fetches packages before they are wanted: for a journey, a build without network')
  warm.exitOverride()
  addVerb(warm, 'npm', {
    does: 'Fetches every package that lockfiles name, with what npm asks besides',
    example: 'cairn warm npm package-lock.json'
  })
    .argument(
      '<lockfile...>',
      'package-lock.json, npm-shrinkwrap.json, pnpm-lock.yaml or yarn.lock'
    )
    .action(async (lockfiles: string[], options: CommonOptions) =>
      (await import('./verbs/warm-npm.ts')).warmNpm(cli, lockfiles, options)
    )
  addVerb(warm, 'apt', {
    does: 'Fetches Debian packages and all they depend on',
    example: 'cairn warm apt git build-essential --from debian/bookworm'
  })
    .argument('<package...>', 'NAME, or NAME=VERSION')
    .option('--from <archive/suite...>', 'where they are looked for; by default what apt asked for')
    .option('--arch <name>', 'the architecture', 'amd64')
    .action(async (packages: string[], options: WarmAptOptions) =>
      (await import('./verbs/warm-apt.ts')).warmApt(cli, packages, options)
    )
  addVerb(warm, 'oci', {
    does: 'Fetches container images, all layers of them',
    example: 'cairn warm oci registry.example/library/alpine:latest'
  })
    .argument('<image...>', 'NAME:TAG, with its upstream before it')
    .option('--arch <name>', 'the architecture (amd64, arm64), by default this machine’s')
    .action(async (images: string[], options: WarmOciOptions) =>
      (await import('./verbs/warm-oci.ts')).warmOci(cli, images, options)
    )
}
