import type { User } from '../../access/api.ts'
import { makeSecret } from '../../access/secret.ts'
import { Users } from '../../access/users.ts'
import { type Scope, scopes } from '../../base/access.ts'
import { systemClock } from '../../base/clock.ts'
import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { type Name, nameText, splitPath } from '../../base/names.ts'
import { showMoment } from '../../base/show-units.ts'
import { type Cli, type CommonOptions, settingsOf } from '../cli.ts'
import { withContent } from '../with-content.ts'

export interface UserAddOptions extends CommonOptions {
  readonly scopes: string
  readonly readOnly?: boolean
  readonly root?: string
  readonly passwordStdin?: boolean
}

/** Adds a user; prints the password if it made one. Throws `exists`, `usage`, `invalid`. */
export async function userAdd(cli: Cli, name: string, options: UserAddOptions): Promise<void> {
  const scopes = options.readOnly === true ? (['read'] as const) : parseScopes(options.scopes)
  const root = options.root === undefined ? [] : parseRoot(options.root)
  const made = options.passwordStdin === true ? undefined : makeSecret()
  const secret = made ?? (await readLine(cli))
  await withUsers(cli, options, users => users.add(name, secret, { scopes, root }))
  const { terminal } = cli
  if (options.json === true) {
    terminal.printJson({ name, scopes, root: showRoot(root), password: made })
    return
  }
  terminal.note(`added ${name}: ${scopes.join(', ')}, ${showRoot(root)}`)
  if (made !== undefined) terminal.print(made)
}

export async function userList(cli: Cli, options: CommonOptions): Promise<void> {
  await withUsers(cli, options, users => {
    for (const user of users.list()) showUser(cli, user, options.json === true)
  })
}

function showUser({ terminal }: Cli, user: User, json: boolean): void {
  const { name, scopes, createdMs } = user
  const root = showRoot(user.root)
  if (json) terminal.printJson({ name, scopes, root, createdMs })
  else terminal.print(`${name}  ${scopes.join(',')}  ${root}  ${showMoment(createdMs)}`)
}

/** Throws `not-found` for the first that there is not. */
export async function userRemove(
  cli: Cli,
  names: readonly string[],
  options: CommonOptions
): Promise<void> {
  await withUsers(cli, options, users => {
    for (const name of names) {
      if (!users.remove(name)) throw new CairnError('not-found', `there is no user ${name}`)
      if (options.json === true) cli.terminal.printJson({ name, removed: true })
      else cli.terminal.print(`removed ${name}`)
    }
  })
}

async function withUsers(
  cli: Cli,
  options: CommonOptions,
  work: (users: Users) => void | Promise<void>
): Promise<void> {
  const { home } = await settingsOf(cli, options)
  await withContent(home, ({ database }) => work(new Users(database, systemClock)))
}

function parseScopes(text: string): Scope[] {
  return text.split(',').map(word => {
    const scope = scopes.find(each => each === word.trim())
    if (scope !== undefined) return scope
    throw new CairnError('usage', `${JSON.stringify(word)} is no scope: ${scopes.join(', ')}`)
  })
}

function parseRoot(path: string): Name[] {
  const [tree, ...root] = splitPath(path)
  if (tree === 'mfs') return root
  throw new CairnError('usage', `${JSON.stringify(path)} is not in /mfs: give /mfs/folder`)
}

function showRoot(root: readonly Name[]): string {
  return ['', 'mfs', ...root.map(nameText)].join('/')
}

/** The first line of standard input, without its end. */
async function readLine({ stdin }: Cli): Promise<string> {
  let text = ''
  for await (const chunk of stdin) {
    text += String(chunk)
    if (text.length > limits.secretMost * 4) break
  }
  return text.split(/\r?\n/, 1)[0] ?? ''
}
