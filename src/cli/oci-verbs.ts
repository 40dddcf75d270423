import type { Command } from 'commander'
import type { Cli } from './cli.ts'
import { addVerb } from './verb.ts'
import type { RunReadyOptions } from './verbs/oci-run-ready.ts'

/** oci run-ready: what starts containers from what is held. */
export function addOciVerbs(program: Command, cli: Cli): void {
  const oci = program.command('oci').description('Container images: run them from the mount')
  oci.exitOverride()
  addVerb(oci, 'run-ready', {
    does: 'Makes a bundle that runc runs over an image in the mount, and shows the ways to start it',
    example: 'cairn oci run-ready registry.example/library/alpine:latest'
  })
    .argument('<image>', 'NAME:TAG, as it is pushed here, or with its upstream before it')
    .option(
      '--no-wait',
      'return before its layers are here; it must have /proc, /dev, /sys, /tmp and /run'
    )
    .action(async (image: string, options: RunReadyOptions) =>
      (await import('./verbs/oci-run-ready.ts')).ociRunReady(cli, image, options)
    )
}
