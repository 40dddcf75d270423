import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'

export const contentPath =
  'a CID, a path below one (CID/path or /ipfs/CID/path), or a path in /mfs, /ipns or /pkg'

/** cat, ls, stat: they look into the store itself, daemon or not. */
export function addContentVerbs(program: Command, cli: Cli): void {
  addVerb(program, 'cat', { does: "Prints files' bytes", example: 'cairn cat /mfs/notes.txt' })
    .argument('<path...>', contentPath)
    .action(async (paths: string[], options: CommonOptions) =>
      (await import('./verbs/cat.ts')).cat(cli, paths, options)
    )

  addVerb(program, 'ls', { does: 'Lists a folder', example: 'cairn ls --json /mfs' })
    .argument('<path>', contentPath)
    .action(async (path: string, options: CommonOptions) =>
      (await import('./verbs/ls.ts')).ls(cli, path, options)
    )

  addVerb(program, 'stat', {
    does: 'Shows what a path is: CID, kind, size, mode, time',
    example: 'cairn stat bafybei…/README.md'
  })
    .argument('<path>', contentPath)
    .action(async (path: string, options: CommonOptions) =>
      (await import('./verbs/stat.ts')).stat(cli, path, options)
    )
}
