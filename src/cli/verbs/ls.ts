import { CairnError } from '../../base/errors.ts'
import { nameText } from '../../base/names.ts'
import type { DirectoryEntry, Tree } from '../../vfs/api.ts'
import type { Cli, CommonOptions } from '../cli.ts'
import { cidOf, kindOf, withPath } from '../with-path.ts'

interface Listed {
  readonly name: string
  readonly kind: string
  /** Undefined if its block is not here. */
  readonly size: number | undefined
  /** Undefined while it was not sealed since it was written. */
  readonly cid: string | undefined
}

/** Lists a folder: CID, size, name. Throws `not-directory`. */
export async function ls(cli: Cli, path: string, options: CommonOptions): Promise<void> {
  await withPath(cli, path, options, ({ tree, attributes }) => {
    if (kindOf(attributes.mode) !== 'directory') {
      throw new CairnError('not-directory', `${path} is not a folder: try \`cairn stat\``)
    }
    for (const entry of entriesOf(tree, attributes.ino)) {
      if (options.json === true) cli.terminal.printJson(entry)
      else cli.terminal.print(showEntry(entry))
    }
  })
}

function entriesOf(tree: Tree, ino: number): Listed[] {
  const found: DirectoryEntry[] = []
  tree.readDirectory(ino, { cookie: 0, withAttributes: true }, entry => {
    found.push(entry)
    return true
  })
  return found.map(entry => ({
    name: nameText(entry.name),
    kind: entry.mode === 0 ? 'missing' : kindOf(entry.mode),
    size: entry.attributes?.size,
    cid: cidOf(tree, entry.ino)?.toString()
  }))
}

function showEntry({ name, kind, size, cid }: Listed): string {
  const shown = kind === 'directory' ? `${name}/` : name
  return `${cid ?? 'unsealed'}  ${String(size ?? '?').padStart(10)}  ${shown}`
}
