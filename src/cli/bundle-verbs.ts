import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { BundleExportOptions } from './verbs/bundle-export.ts'

/** bundle export|import|have: content, names and packages on a disk that is carried. */
export function addBundleVerbs(program: Command, cli: Cli): void {
  const bundle = program
    .command('bundle')
    .description('Content, names and packages on a disk: export, import, have')
  bundle.exitOverride()
  addVerb(bundle, 'export', {
    does: 'Writes what the other side lacks into a new folder',
    example: 'cairn bundle export /mfs/site /ipns/theirs /pkg/apt/debian --have far.txt -o ./out'
  })
    .argument('<root...>', 'a CID, a path in /mfs, a name in /ipns, or packages in /pkg')
    .requiredOption('-o, --output <folder>', 'where to')
    .option(
      '--have <file>',
      'what the other side has: of `cairn bundle have` there, or an index.json'
    )
    .option('--since <cid>', 'a DAG that the other side has whole')
    .option('--split <bytes>', 'the largest file: 700M, 4G', '4G')
    .action(async (roots: string[], options: BundleExportOptions) =>
      (await import('./verbs/bundle-export.ts')).bundleExport(cli, roots, options)
    )
  addVerb(bundle, 'import', {
    does: 'Takes a bundle in, every block verified; run it again if it broke off',
    example: 'cairn bundle import /media/disk/out'
  })
    .argument('<folder>', 'of an export, or a CAR of any IPFS program')
    .action(async (folder: string, options: CommonOptions) =>
      (await import('./verbs/bundle-import.ts')).bundleImport(cli, folder, options)
    )
  addVerb(bundle, 'have', {
    does: 'Prints the CIDs that are whole here, for --have on the other side',
    example: 'cairn bundle have > far.txt'
  }).action(async (options: CommonOptions) =>
    (await import('./verbs/bundle-have.ts')).bundleHave(cli, options)
  )
}
