import type { Command } from 'commander'

export interface VerbWords {
  /** One sentence. */
  readonly does: string
  /** A command line that works. */
  readonly example: string
}

/** A subcommand with what every verb has: `--home`, `--json`, an example, errors that point to its help. */
export function addVerb(parent: Command, name: string, words: VerbWords): Command {
  const group = parent.parent === null ? '' : `${parent.name()} `
  return parent
    .command(name)
    .description(words.does)
    .option('--home <folder>', 'the folder that holds everything (CAIRN_HOME)')
    .option('--json', 'print JSON, one value a line')
    .addHelpText('after', `\nExample:\n  ${words.example}`)
    .showHelpAfterError(`(cairn ${group}${name} --help says more)`)
    .allowExcessArguments(false)
}
