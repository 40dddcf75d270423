import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Metadata, Node } from '../unixfs/api.ts'
import { abortable } from './abortable.ts'
import type { TreeEntry } from './api.ts'
import { entryUnits } from './breathe.ts'
import { EntryTree } from './entry-tree.ts'
import { addStream } from './import-stream.ts'
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
      throw new CairnError('out-of-range', `the archive has over ${limits.unpackedEntries} entries`)
    }
    await takeEntry(tally, tree, entry)
    await tally.breather.did(entryUnits)
  }
  tally.complete = true
  const { node, directories } = tree.build(tally.writer)
  tally.directories = directories
  return node
}

async function takeEntry(tally: Tally, tree: EntryTree, entry: TreeEntry): Promise<void> {
  const { path, kind, target = '' } = entry
  const metadata = metadataOf(tally, entry)
  switch (kind) {
    case 'directory':
      return tree.putDirectory(path, metadata)
    case 'symlink': {
      const { mode: _meaningless, ...time } = metadata
      tally.symlinks++
      return tree.putLeaf(path, 'symlink', tally.writer.symlink(Buffer.from(target), time))
    }
    case 'link': {
      const node = tree.file(target)
      if (node !== undefined) return tree.putLeaf(path, 'file', node)
      const names = `${JSON.stringify(path)} is a hard link to ${JSON.stringify(target)}`
      throw new CairnError('invalid', `the archive's entry ${names}, which is no file in it`)
    }
    case 'file': {
      tally.filesFound++
      tree.putLeaf(path, 'file', await addStream(tally, entry.content ?? nothing(), metadata))
      return tally.finishedFile()
    }
  }
}

function metadataOf(tally: Tally, { mode, mtimeSeconds }: TreeEntry): Metadata {
  return tally.options.metadata ? { mode: mode & 0o7777, mtimeSeconds } : {}
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
