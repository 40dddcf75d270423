import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Metadata, Node } from '../unixfs/api.ts'
import { abortable } from './abortable.ts'
import type { TreeEntry } from './api.ts'
import { entryUnits } from './breathe.ts'
import { EntryTree, shownEntry } from './entry-tree.ts'
import { addStream } from './import-stream.ts'
import { fromPath } from './paths.ts'
import type { Tally } from './tally.ts'

/** As `Ingest.importEntries`, without the flush. */
export async function importEntries(
  tally: Tally,
  entries: AsyncIterable<TreeEntry>
): Promise<Node> {
  const tree = new EntryTree()
  let count = 0
  for await (const entry of abortable(entries, tally.signal)) {
    if (++count > limits.unpackedEntries) {
      throw new CairnError(
        'out-of-range',
        `the archive has over ${limits.unpackedEntries} entries: unpack it and add the folder`
      )
    }
    await takeEntry(tally, tree, entry)
    await tally.breather.did(entryUnits)
  }
  tally.complete = true
  const { node, counts } = await tree.build(tally.writer, tally.breather)
  Object.assign(tally, counts)
  return node
}

async function takeEntry(tally: Tally, tree: EntryTree, entry: TreeEntry): Promise<void> {
  const { path, kind, target = '' } = entry
  const metadata = metadataOf(tally, entry)
  switch (kind) {
    case 'directory':
      return tree.putDirectory(path, metadata)
    case 'symlink': {
      if (target === '') throw badLink(entry, 'a symlink to nothing at all')
      const { mode: _meaningless, ...time } = metadata
      const node = tally.writer.symlink(fromPath(target), time)
      return tree.putLeaf(path, { kind: 'symlink', node })
    }
    case 'link': {
      const leaf = tree.leaf(target)
      if (leaf !== undefined) return tree.putLeaf(path, leaf)
      throw badLink(entry, `a hard link to ${shownEntry(target)}, which is no file in it`)
    }
    case 'file': {
      tally.filesFound++
      const node = await addStream(tally, entry.content ?? nothing(), metadata)
      tree.putLeaf(path, { kind: 'file', node })
      return tally.finishedFile()
    }
  }
}

function badLink({ path }: TreeEntry, what: string): CairnError {
  return new CairnError('invalid', `the archive's entry ${shownEntry(path)} is ${what}`)
}

function metadataOf(tally: Tally, { mode, mtimeSeconds, mtimeNanoseconds }: TreeEntry): Metadata {
  if (!tally.options.metadata) return {}
  const nanoseconds = mtimeNanoseconds === undefined ? {} : { mtimeNanoseconds }
  return { mode: mode & 0o7777, mtimeSeconds, ...nanoseconds }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
