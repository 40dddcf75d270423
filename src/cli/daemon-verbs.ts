import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { StartOptions } from './verbs/start.ts'

/** start, stop, status, doctor: the daemon and its machine. */
export function addDaemonVerbs(program: Command, cli: Cli): void {
  addVerb(program, 'start', {
    does: 'Runs the daemon in the foreground until Ctrl-C, SIGTERM or `cairn stop`',
    example: 'cairn start --mount ~/cairn --listen 127.0.0.1:7070'
  })
    .option(
      '--mount <folder>',
      'where to mount ipfs, ipns, mfs and pkg; none for no mount (CAIRN_MOUNT)'
    )
    .option('--listen <host:port>', 'the HTTP port, loopback only (CAIRN_LISTEN)')
    .option('--share <host:port>', 'where other machines are served, with a password (CAIRN_SHARE)')
    .option('--network <network>', 'off, lan or public (CAIRN_NETWORK)')
    .option('--log-level <level>', 'debug, info, warn or error (CAIRN_LOG_LEVEL)')
    .option('--foreground', 'the default; for those who like to say so')
    .action(async (options: StartOptions) => (await import('./verbs/start.ts')).start(cli, options))

  addVerb(program, 'stop', {
    does: 'Stops the daemon: requests are drained, mounts unmounted',
    example: 'cairn stop'
  }).action(async (options: CommonOptions) => (await import('./verbs/stop.ts')).stop(cli, options))

  addVerb(program, 'status', {
    does: 'Shows what the daemon serves, where, and how much it holds',
    example: 'cairn status --json'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/status.ts')).status(cli, options)
  )

  addVerb(program, 'stats', {
    does: 'Shows what the mirrors were asked since the start, what they fetched, and what they hold',
    example: 'cairn stats'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/stats.ts')).stats(cli, options)
  )

  addVerb(program, 'offline', {
    does: 'Asks no upstream any more (on), or again (off): all, or one as apt/debian, npm, oci/docker',
    example: 'cairn offline on apt/debian'
  })
    .argument('[state]', 'on or off; without it, says what is off')
    .argument('[upstream]', 'one upstream; all without it')
    .action(
      async (state: string | undefined, upstream: string | undefined, options: CommonOptions) =>
        (await import('./verbs/offline.ts')).offline(cli, state, upstream, options)
    )

  addVerb(program, 'doctor', {
    does: 'Checks the machine and the home, and says what to do',
    example: 'cairn doctor'
  })
    .option('--mount <folder>', 'the mount folder to check (CAIRN_MOUNT)')
    .option('--listen <host:port>', 'the HTTP port to check (CAIRN_LISTEN)')
    .action(async (options: StartOptions) =>
      (await import('./verbs/doctor.ts')).doctor(cli, options)
    )
}
