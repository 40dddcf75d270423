import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { checkName, type Name, nameText, toName } from '../base/names.ts'
import type { DirectoryLink, Metadata, Node, UnixfsWriter } from '../unixfs/api.ts'
import type { UnpackedEntry } from './adapter.ts'
import { UnpackBudget } from './unpack-budget.ts'

/** What an archive has put at a path so far. */
type Place =
  | { readonly kind: 'node'; readonly node: Node; readonly linkable: boolean }
  | { readonly kind: 'directory'; readonly children: Map<Name, Place>; metadata: Metadata }

type Directory = Extract<Place, { kind: 'directory' }>

/**
 * Stores an archive's entries as one UnixFS directory and returns it. Files are stored as they
 * come; a hard link is the same node again. Throws `invalid` on a path that leaves the archive or
 * goes through a file or a symlink, `file-too-large` over `limits.unpacked…`.
 */
export async function buildTree(
  writer: UnixfsWriter,
  entries: AsyncIterable<UnpackedEntry>,
  archiveBytes: number
): Promise<Node> {
  const root = emptyDirectory()
  const budget = budgetOf(archiveBytes)
  for await (const entry of entries) {
    budget.entry()
    await place(writer, root, entry, budget)
  }
  return finish(writer, root)
}

/** Packages leave out the folders above their files now and then. */
function emptyDirectory(): Directory {
  return { kind: 'directory', children: new Map(), metadata: { mode: 0o755 } }
}

/** By the archive's length too. */
function budgetOf(archiveBytes: number): UnpackBudget {
  const byRatio = Math.max(archiveBytes, 4096) * limits.unpackedRatio
  return new UnpackBudget(Math.min(limits.unpackedBytes, byRatio))
}

async function place(
  writer: UnixfsWriter,
  root: Directory,
  entry: UnpackedEntry,
  budget: UnpackBudget
): Promise<void> {
  const names = namesOf(entry.path)
  const name = names.at(-1)
  const metadata = { mode: entry.mode, ...mtimeOf(entry) }
  if (name === undefined) {
    if (entry.kind === 'directory') root.metadata = metadata
    return
  }
  const parent = descend(root, names.slice(0, -1), entry.path, budget)
  const old = parent.children.get(name)
  if (entry.kind === 'directory') {
    if (old?.kind === 'directory') old.metadata = metadata
    else if (old === undefined) parent.children.set(name, { ...emptyDirectory(), metadata })
    else throw new CairnError('invalid', `${entry.path} is a file and a directory`)
    return
  }
  if (old?.kind === 'directory') {
    throw new CairnError('invalid', `${entry.path} is a directory and a file`)
  }
  parent.children.set(name, await makePlace(writer, root, entry, metadata, budget))
}

async function makePlace(
  writer: UnixfsWriter,
  root: Directory,
  entry: UnpackedEntry,
  metadata: Metadata,
  budget: UnpackBudget
): Promise<Place> {
  if (entry.kind === 'symlink') {
    const target = Buffer.from(entry.target ?? '', 'utf8')
    return { kind: 'node', node: writer.symlink(target, metadata), linkable: false }
  }
  if (entry.kind === 'link') return linked(root, entry)
  const builder = writer.file()
  for await (const bytes of entry.content ?? nothing()) {
    budget.take(bytes.length)
    builder.write(bytes)
  }
  return { kind: 'node', node: builder.finish(metadata), linkable: true }
}

/** A hard link to a file that came before it, in the same archive. */
function linked(root: Directory, entry: UnpackedEntry): Place {
  const names = namesOf(entry.target ?? '')
  const parent = descend(root, names.slice(0, -1), entry.path)
  const target = names.length === 0 ? undefined : parent.children.get(names.at(-1)!)
  if (target?.kind !== 'node' || !target.linkable) {
    throw new CairnError(
      'invalid',
      `${entry.path} links to ${entry.target}, which is no file in it`
    )
  }
  return target
}

/** The folder at a path; those that are missing are made and counted, or refused without a budget. */
function descend(
  root: Directory,
  names: readonly Name[],
  path: string,
  makeWithin?: UnpackBudget
): Directory {
  let directory = root
  for (const name of names) {
    let next = directory.children.get(name)
    if (next === undefined && makeWithin !== undefined) {
      makeWithin.entry()
      next = emptyDirectory()
      directory.children.set(name, next)
    }
    if (next?.kind !== 'directory') {
      throw new CairnError('invalid', `${path} goes through ${nameText(name)}, no directory`)
    }
    directory = next
  }
  return directory
}

/** `./` at the front is how tar writes a relative path; all else must be plain names. */
function namesOf(path: string): Name[] {
  if (path.startsWith('/')) throw new CairnError('invalid', `${path} is not relative`)
  if (path.length > 4 * limits.symlinkBytes) throw new CairnError('invalid', 'a path too long')
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  if (parts.length > limits.unpackedDepth) throw new CairnError('invalid', 'a path too deep')
  return parts.map(part => checkName(toName(part)))
}

function mtimeOf({ mtimeSeconds }: UnpackedEntry): Metadata {
  return Number.isSafeInteger(mtimeSeconds) && mtimeSeconds > 0 ? { mtimeSeconds } : {}
}

function finish(writer: UnixfsWriter, directory: Directory): Node {
  const links: DirectoryLink[] = []
  for (const [name, child] of directory.children) {
    const node = child.kind === 'node' ? child.node : finish(writer, child)
    const { codec, multihash, cidVersion, dagBytes } = node
    links.push({ name, codec, multihash, cidVersion, dagBytes })
  }
  return writer.directory(links, directory.metadata)
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
