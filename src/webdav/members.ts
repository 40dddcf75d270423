import { complete } from '../base/complete.ts'
import { CairnError, type ErrorCode } from '../base/errors.ts'
import type { Name } from '../base/names.ts'
import { type DirectoryEntry, fileType } from '../vfs/api.ts'
import type { Exchange } from './api.ts'
import { pathOf } from './path.ts'
import { find, type NodeResource, type Resource, walk } from './resource.ts'
import { Turn } from './turn.ts'

/** Entries looked at between two turns of the event loop. */
const batch = 128

/**
 * The members of a collection, in batches; the lookups of a batch are let go when the next is asked
 * for. Symlinks show what they lead to, those that lead nowhere are left out.
 */
export async function* membersOf(
  exchange: Exchange,
  collection: Resource
): AsyncGenerator<readonly Resource[]> {
  if (collection.kind === 'folder') {
    const { dav, hold } = exchange
    yield collection.members.map(name => walk(dav, hold, pathOf([...collection.names, name])))
    return
  }
  if (isIpfsRoot(exchange, collection)) {
    yield await visitedMembers(exchange, collection)
    return
  }
  const turn = new Turn()
  for (let cookie = 0; ; await turn.next()) {
    const entries = await readBatch(exchange, collection, cookie)
    try {
      const members: Resource[] = []
      for (const entry of entries) {
        const member = await memberOf(exchange, collection, entry)
        if (member !== undefined) members.push(member)
      }
      yield members
    } finally {
      letGo(collection, entries)
    }
    const last = entries.at(-1)
    if (last === undefined || entries.length < batch) return
    cookie = last.cookie
  }
}

function isIpfsRoot({ dav }: Exchange, { tree, attributes }: NodeResource): boolean {
  return tree === dav.trees.ipfs && attributes.ino === tree.root
}

/** Those of them that are held here: to list them nothing is fetched. */
async function visitedMembers(
  { dav, hold }: Exchange,
  { names }: NodeResource
): Promise<Resource[]> {
  const members: Resource[] = []
  const turn = new Turn()
  for (const name of dav.visited.names()) {
    await turn.next()
    const member = await orLeftOut(async () => find(dav, hold, pathOf([...names, name])))
    if (member !== undefined) members.push(member)
  }
  return members
}

function readBatch(
  { dav, signal }: Exchange,
  { tree, attributes }: NodeResource,
  cookie: number
): Promise<DirectoryEntry[]> {
  return complete(dav, signal, () => {
    const entries: DirectoryEntry[] = []
    try {
      tree.readDirectory(attributes.ino, { cookie, withAttributes: true, atMost: batch }, entry => {
        if (entries.length === batch) return false
        entries.push(entry)
        return true
      })
    } catch (cause) {
      letGo({ tree }, entries)
      throw cause
    }
    return entries
  })
}

function letGo({ tree }: Pick<NodeResource, 'tree'>, entries: readonly DirectoryEntry[]): void {
  for (const { attributes } of entries) {
    if (attributes !== undefined) tree.forget(attributes.ino, 1)
  }
}

async function memberOf(
  exchange: Exchange,
  collection: NodeResource,
  { name, mode, attributes }: DirectoryEntry
): Promise<Resource | undefined> {
  const names: readonly Name[] = [...collection.names, name]
  const shown = attributes !== undefined && (mode & fileType.mask) !== fileType.symlink
  if (shown) return { kind: 'node', names, tree: collection.tree, attributes }
  const { dav, hold, signal } = exchange
  const found = await orLeftOut(() => complete(dav, signal, () => find(dav, hold, pathOf(names))))
  return found?.kind === 'node' ? { ...found, linked: true } : found
}

/** Links to what is no name too: in a mount they may lead anywhere. */
const leftOut: ReadonlySet<ErrorCode> = new Set([
  'loop',
  'invalid',
  'name-too-long',
  'missing',
  'corrupt',
  'unsupported',
  'timeout',
  'upstream',
  'mismatch'
])

/** What one member lacks must not end the listing of the others: whoever asks for it is told. */
async function orLeftOut<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof CairnError && leftOut.has(error.code)) return undefined
    throw error
  }
}
