import type { Command } from 'commander'
import type { Cli } from './cli.ts'
import { contentPath } from './content-verbs.ts'
import { addVerb } from './verb.ts'
import type { AddOptions } from './verbs/add.ts'
import type { GetOptions } from './verbs/get.ts'

/** add and get: into the store and out of it, daemon or not. */
export function addTransferVerbs(program: Command, cli: Cli): void {
  addAdd(program, cli)
  addVerb(program, 'get', {
    does: 'Writes a file or folder out of the store, or fetches a URL through it',
    example: 'cairn get bafybei…/docs -o ./docs'
  })
    .argument('<path>', `${contentPath}, or an http(s) URL`)
    .option(
      '-o, --output <path>',
      'where to; by default its last name, in this folder; - is standard output'
    )
    .option('--tar', 'write a tar archive to standard output, or to --output')
    .option('--sha256 <hex>', 'of a URL: what the bytes must be; held ones are not fetched')
    .option('--integrity <sri>', 'the same, as sha512-<base64>')
    .option('--cid <cid>', 'of a URL: what the CID must be')
    .option('--force', 'replace the files that stand there; a folder with things in it never')
    .action(async (path: string, options: GetOptions) =>
      (await import('./verbs/get.ts')).get(cli, path, options)
    )
}

function addAdd(program: Command, cli: Cli): void {
  addVerb(program, 'add', {
    does: 'Adds files, folders or standard input, pins them and prints a CID for each',
    example: 'tar c photos | cairn add --tar -'
  })
    .argument('<path...>', 'files and folders; - is standard input')
    .option('--profile <name>', 'how to cut and link: unixfs-v1-2025, unixfs-v0-2015, fastcdc')
    .option('--only-hash', 'print the CID and store nothing')
    .option('--expect <cid>', 'fail, and pin nothing, unless the CID is this one')
    .option('--tar', 'the input is a tar archive: add the tree within it')
    .option('--metadata', 'record mode and time of each file')
    .option('--no-metadata', 'record names and bytes only: the CID others get, too')
    .action(async (paths: string[], options: AddOptions) =>
      (await import('./verbs/add.ts')).add(cli, paths, options)
    )
}
