import { CairnError } from '../base/errors.ts'
import type { DirectoryLink, Node } from '../unixfs/api.ts'
import { entryUnits } from './breathe.ts'
import type { HashPool } from './hash-pool.ts'
import { FileImport } from './import-files.ts'
import { shownPath, toPath } from './paths.ts'
import { type Found, type FoundDirectory, scanTree } from './scan-tree.ts'
import type { Tally } from './tally.ts'

/** As `Ingest.importPath`, without the flush. */
export async function importPath(
  tally: Tally,
  pool: HashPool | undefined,
  text: string
): Promise<Node> {
  const path = toPath(text)
  const files = new FileImport(tally, pool)
  const scanned = await scanTree(tally, path, file => files.add(file)).catch(async cause => {
    const failure = tally.fail(cause)
    await files.finish()
    throw failure
  })
  tally.complete = true
  await files.finish()
  await tally.breather.did(0)
  if (scanned.root === undefined) {
    throw new CairnError('invalid', `${shownPath(path)} is no file, directory or symlink`)
  }
  await buildDirectories(tally, scanned.directories)
  return nodeOf(scanned.root)
}

/** From the last found to the first: a directory is found before those below it. */
async function buildDirectories(tally: Tally, directories: FoundDirectory[]): Promise<void> {
  for (const directory of directories.reverse()) {
    const links = directory.entries.map(
      ({ name, found }): DirectoryLink => ({ ...nodeOf(found), name })
    )
    directory.node = tally.writer.directory(links, directory.metadata)
    tally.directories++
    await tally.breather.did(entryUnits * (1 + links.length))
  }
}

function nodeOf(found: Found): Node {
  if (found.node === undefined) throw new CairnError('io', 'a file was passed over')
  return found.node
}
