import type { Command } from 'commander'
import type { Cli, CommonOptions } from './cli.ts'
import { addVerb } from './verb.ts'
import type { UserAddOptions } from './verbs/user.ts'

/** user add|ls|rm: who may use this Cairn from other machines. */
export function addUserVerbs(program: Command, cli: Cli): void {
  const user = program
    .command('user')
    .description('Who may use this Cairn from other machines: add, ls, rm')
  user.exitOverride()
  addVerb(user, 'add', {
    does: 'Adds a user and prints the password it made, which nobody can print again',
    example: 'cairn user add ann --root /mfs/family'
  })
    .argument('<name>', 'a-z, 0-9, "_" and "-"')
    .option('--scopes <scopes>', 'read, write, publish, admin, with commas between', 'read,write')
    .option('--read-only', 'as --scopes read')
    .option('--root <path>', 'a folder of /mfs: of the drive, the user sees nothing else')
    .option('--password-stdin', 'read the password from standard input instead of making one')
    .action(async (name: string, options: UserAddOptions) =>
      (await import('./verbs/user.ts')).userAdd(cli, name, options)
    )
  addVerb(user, 'ls', { does: 'Lists the users', example: 'cairn user ls --json' }).action(
    async (options: CommonOptions) => (await import('./verbs/user.ts')).userList(cli, options)
  )
  addVerb(user, 'rm', {
    does: 'Removes users: their next request is refused',
    example: 'cairn user rm ann'
  })
    .argument('<name...>', 'users')
    .action(async (names: string[], options: CommonOptions) =>
      (await import('./verbs/user.ts')).userRemove(cli, names, options)
    )
}
