import { CID } from 'multiformats/cid'
import { CairnError } from '../base/errors.ts'
import { type Name, nameText } from '../base/names.ts'
import { type Content, openContent } from '../daemon/content.ts'
import { openNamesOf } from '../daemon/open-names.ts'
import { openTree } from '../daemon/open-tree.ts'
import type { Settings } from '../daemon/settings.ts'
import { namesInMfs } from '../daemon/view-names.ts'
import { type Attributes, fileType, type Tree } from '../vfs/api.ts'
import { type Cli, type CommonOptions, settingsOf } from './cli.ts'
import { type ContentPath, parsePath } from './parse-path.ts'

/** A path found in its tree, open as long as the work on it runs. */
export interface FoundPath {
  readonly tree: Tree
  readonly attributes: Attributes
  readonly content: Content
  readonly settings: Settings
  /** The last name, or of a bare CID the CID. */
  readonly name: string
}

/** Finds a path, runs `work` on it and closes all. Symlinks are not followed. Throws what `lookup` does, naming the path. */
export async function withPath<T>(
  cli: Cli,
  text: string,
  options: CommonOptions,
  work: (found: FoundPath) => T | Promise<T>
): Promise<T> {
  const parsed = parsePath(text)
  const settings = await settingsOf(cli, options)
  const content = openContent(settings.home)
  try {
    const { tree: treeName, names } = inMfs(content, parsed)
    const tree = openTree(treeName, content, { settings, memory: {} })
    try {
      const attributes = walk(tree, names, text)
      const name = nameText(names.at(-1) ?? ('' as Name))
      return await work({ tree, attributes, content, settings, name })
    } finally {
      tree.close()
    }
  } finally {
    content.close()
  }
}

/** What is published out of /mfs is looked at there. */
function inMfs(content: Content, { tree, names }: ContentPath): ContentPath {
  const [name, ...below] = names
  if (tree !== 'ipns' || name === undefined) return { tree, names }
  const above = namesInMfs(openNamesOf(content), name)
  return above === undefined ? { tree, names } : { tree: 'mfs', names: [...above, ...below] }
}

function walk(tree: Tree, names: readonly Name[], text: string): Attributes {
  let at = tree.attributes(tree.root)
  for (const name of names) {
    try {
      at = tree.lookup(at.ino, name)
    } catch (cause) {
      if (!(cause instanceof CairnError)) throw cause
      throw new CairnError(cause.code, `${text}: ${cause.message}`, { cause })
    }
  }
  return at
}

export type Kind = 'file' | 'directory' | 'symlink' | 'other'

/** What the type bits of a mode say, for people and JSON. */
export function kindOf(mode: number): Kind {
  switch (mode & fileType.mask) {
    case fileType.regular:
      return 'file'
    case fileType.directory:
      return 'directory'
    case fileType.symlink:
      return 'symlink'
    default:
      return 'other'
  }
}

/** The CID of an inode, undefined while it was not sealed since it was written. */
export function cidOf(tree: Tree, ino: number): CID | undefined {
  try {
    return CID.parse(Buffer.from(tree.xattr(ino, 'user.cairn.cid')).toString('latin1'))
  } catch (cause) {
    if (!(cause instanceof CairnError)) throw cause
    if (cause.code === 'no-attribute' || cause.want?.kind === 'sealed') return undefined
    throw cause
  }
}
