import { CairnError } from '../../base/errors.ts'
import { limits } from '../../base/limits.ts'
import { checkName, type Name, toName } from '../../base/names.ts'
import type { Metadata, Node, UnixfsWriter } from '../../unixfs/api.ts'
import { type NodeFacts, rootFacts, writeSideRecord } from '../../unixfs/side-record.ts'
import type { LayerEntry } from '../adapter.ts'
import type { ImageBudget } from './image-budget.ts'
import type { LeafPlace } from './layer-tree.ts'
import type { StoredEntry } from './place-layer.ts'

/**
 * Checks an entry's path and stores its bytes. Throws `invalid` on a path that no file can have,
 * `file-too-large` over the budget.
 */
export async function storeEntry(
  writer: UnixfsWriter,
  budget: ImageBudget,
  entry: LayerEntry
): Promise<StoredEntry> {
  budget.entry()
  const { kind, path, target = '' } = entry
  const metadata = metadataOf(entry)
  const facts = factsOf(entry)
  const names = namesOf(path)
  const plain = { kind, names, metadata, facts, leaf: undefined, target: undefined }
  if (kind === 'link') return { ...plain, target: namesOf(target) }
  if (kind === 'symlink') {
    const node = writer.symlink(Buffer.from(target, 'utf8'), metadata)
    return { ...plain, leaf: leafOf(writer, node, facts, target) }
  }
  if (kind !== 'file' && kind !== 'device') return plain
  const builder = writer.file()
  for await (const bytes of entry.content ?? []) {
    budget.take(bytes.length)
    builder.write(bytes)
  }
  return { ...plain, leaf: leafOf(writer, builder.finish(metadata), facts) }
}

function leafOf(writer: UnixfsWriter, node: Node, facts: NodeFacts, target?: string): LeafPlace {
  return { kind: 'leaf', node, record: writeSideRecord(writer, facts), facts, target }
}

function metadataOf({ mode, mtimeSeconds }: LayerEntry): Metadata {
  const known = Number.isSafeInteger(mtimeSeconds) && mtimeSeconds > 0
  return known ? { mode, mtimeSeconds } : { mode }
}

function factsOf({ uid, gid, device, xattrs }: LayerEntry): NodeFacts {
  if (device === undefined && xattrs === undefined) {
    return uid === 0 && gid === 0 ? rootFacts : { uid: idOf(uid), gid: idOf(gid) }
  }
  return {
    uid: idOf(uid),
    gid: idOf(gid),
    ...(device === undefined ? {} : { device }),
    ...(xattrs === undefined ? {} : { xattrs })
  }
}

/** Linux's number for an owner that it cannot tell. */
const overflowId = 65_534

function idOf(id: number): number {
  return Number.isInteger(id) && id >= 0 && id < 0xffffffff ? id : overflowId
}

function namesOf(path: string): Name[] {
  if (path.length > 4 * limits.symlinkBytes) throw new CairnError('invalid', 'a path too long')
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  return parts.map(part => checkName(toName(part)))
}
