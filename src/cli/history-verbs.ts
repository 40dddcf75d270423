import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { FsckOptions } from './verbs/fsck.ts'
import type { GcOptions } from './verbs/gc.ts'
import type { LogOptions } from './verbs/log.ts'

/** snapshot, log, restore, pin, gc, fsck: what is kept, what goes, and whether it is whole. */
export function addHistoryVerbs(program: Command, cli: Cli): void {
  addVerb(program, 'snapshot', {
    does: 'Seals /mfs as it is now and prints the CID of its root',
    example: 'cairn snapshot'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/snapshot.ts')).snapshot(cli, options)
  )

  addVerb(program, 'log', {
    does: 'Lists the earlier roots of /mfs, or of a name, newest first',
    example: 'cairn log --limit 5'
  })
    .argument('[name]', 'a name in /ipns; without it /mfs')
    .option('--limit <count>', 'how many at most', '100')
    .action(async (name: string | undefined, options: LogOptions) =>
      (await import('./verbs/log.ts')).log(cli, name, options)
    )

  addVerb(program, 'restore', {
    does: 'Puts a snapshot of /mfs, or one path of it, in place of what is there now; that goes into the history first',
    example: 'cairn restore 2026-11-21T06-16-09.123Z /mfs/notes'
  })
    .argument('<snapshot>', 'its CID, or its name in "cairn log" and mfs/.snapshots')
    .argument('[path]', 'a file or folder of /mfs; without it, all')
    .action(async (snapshot: string, path: string | undefined, options: CommonOptions) =>
      (await import('./verbs/restore.ts')).restore(cli, snapshot, path, options)
    )

  addPin(program, cli)

  addVerb(program, 'gc', {
    does: 'Frees the space of content that nothing leads to',
    example: 'cairn gc --dry-run'
  })
    .option('--dry-run', 'only say what would go')
    .action(async (options: GcOptions) => (await import('./verbs/gc.ts')).gc(cli, options))

  addVerb(program, 'fsck', {
    does: 'Compares every block with its hash, and checks the rows and drafts of /mfs',
    example: 'cairn fsck --rebuild-index'
  })
    .option('--rebuild-index', 'first index the blocks that segments hold and the index does not')
    .option(
      '--set-redo-aside',
      'first put a log of the last changes aside that cannot be run again'
    )
    .action(async (options: FsckOptions) => (await import('./verbs/fsck.ts')).fsck(cli, options))
}

function addPin(program: Command, cli: Cli): void {
  const pin = program.command('pin').description('Keeps content: add, rm, ls')
  pin.exitOverride()
  addVerb(pin, 'add', {
    does: 'Pins CIDs, or names as they stand now, and brings here what lacks of them',
    example: 'cairn pin add --label thesis bafybei…'
  })
    .argument('<path...>', 'a CID, a name, or a path below one (/ipfs/CID/path, /ipns/NAME/path)')
    .option('--label <text>', 'what you call it')
    .action(async (paths: string[], options: CommonOptions & { label?: string }) =>
      (await import('./verbs/pin.ts')).pinAdd(cli, paths, options)
    )
  addVerb(pin, 'rm', { does: 'Unpins CIDs', example: 'cairn pin rm bafybei…' })
    .argument('<cid...>', 'CIDs')
    .action(async (cids: string[], options: CommonOptions) =>
      (await import('./verbs/pin.ts')).pinRemove(cli, cids, options)
    )
  addVerb(pin, 'ls', { does: 'Lists the pins', example: 'cairn pin ls --json' }).action(
    async (options: CommonOptions) => (await import('./verbs/pin.ts')).pinList(cli, options)
  )
}
