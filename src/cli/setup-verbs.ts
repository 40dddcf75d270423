import type { Command } from 'commander'
import type { Cli } from './cli.ts'
import { addVerb } from './verb.ts'
import type { SetupAptOptions } from './verbs/setup-apt.ts'
import type { SetupDavOptions } from './verbs/setup-dav.ts'
import type { SetupNpmOptions } from './verbs/setup-npm.ts'
import type { SetupOciOptions } from './verbs/setup-oci.ts'

/** setup apt|npm|oci|dav: has the clients of this machine use Cairn. */
export function addSetupVerbs(program: Command, cli: Cli): void {
  const setup = program
    .command('setup')
    .description('Has the programs of this machine use Cairn: apt, npm, oci, dav')
  setup.exitOverride()
  addVerb(setup, 'apt', {
    does: "Mirrors this machine's apt repositories: apt fetches through Cairn while it runs",
    example: 'cairn setup apt --undo'
  })
    .option('--undo', 'put apt back as it was')
    .option('--root <folder>', 'the root of another system: an image, a chroot')
    .option(
      '--mirror-lists',
      'no proxy: write lists for mirror+file: sources, and say what to put there'
    )
    .action(async (options: SetupAptOptions) =>
      (await import('./verbs/setup-apt.ts')).setupApt(cli, options)
    )
  addVerb(setup, 'npm', {
    does: "Mirrors the registry of this user's npm: npm fetches through Cairn",
    example: 'cairn setup npm --undo'
  })
    .option('--undo', 'put .npmrc back as it was')
    .action(async (options: SetupNpmOptions) =>
      (await import('./verbs/setup-npm.ts')).setupNpm(cli, options)
    )
  addVerb(setup, 'oci', {
    does: 'Mirrors container registries: podman, containerd and docker pull through Cairn',
    example: 'cairn setup oci registry.example'
  })
    .argument('[registry...]', 'as images are called, or NAME=URL; those of config.yaml besides')
    .option('--client <name>', 'podman (skopeo, buildah), containerd or docker; all that are there')
    .option('--undo', 'put the files of the clients back as they were')
    .option('--root <folder>', 'the root of another system: an image, a chroot')
    .action(async (registries: string[], options: SetupOciOptions) =>
      (await import('./verbs/setup-oci.ts')).setupOci(cli, registries, options)
    )
  addVerb(setup, 'dav', {
    does: 'Shows how each system maps the network drive; with --mount or --gio maps it here',
    example: 'cairn setup dav --mount /mnt/cairn'
  })
    .option('--mount <folder>', 'mount the drive of this machine here (as root, by davfs2)')
    .option('--gio', 'mount it in this GNOME session, for its file manager and gio')
    .option(
      '--undo',
      'unmount it: with --gio, with --mount and its folder, or where it is mounted alone'
    )
    .action(async (options: SetupDavOptions) =>
      (await import('./verbs/setup-dav.ts')).setupDav(cli, options)
    )
}
