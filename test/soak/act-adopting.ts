import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { toName } from '../../src/base/names.ts'
import { cidTextColumn } from '../../src/base/references.ts'
import { collectGarbage } from '../../src/store/collect/collect-garbage.ts'
import { dagLinks } from '../../src/unixfs/dag-links.ts'
import { vfsReferences } from '../../src/vfs/schema.ts'
import { openAdoptingTree } from '../vfs/mfs/adopting-tree.ts'
import { at, caller } from '../vfs/mfs/open-tree.ts'
import { edited, editedFrom, firstBytes, MiB } from './adopting-files.ts'

/**
 * A process that makes large files in the mutable tree of a home (its first argument), seals them where they
 * lie, changes and removes some, and collects. It says a line in a file (the second) for each step that returned.
 */
const [home = '', lines = ''] = process.argv.slice(2)
const output = openSync(lines, 'w')
const say = (line: string) => writeSync(output, `${line}\n`)
const { tree, database, close } = openAdoptingTree(home, { recover: true })

function write(ino: number, bytes: Buffer, from: number): void {
  for (let at = from; at < bytes.length; at += MiB)
    tree.write(ino, bytes.subarray(at, at + MiB), at)
}

async function make(number: number): Promise<void> {
  const { ino } = tree.createFile(tree.root, toName(`f${number}`), 0o644, caller)
  write(ino, firstBytes(number), 0)
  tree.releaseWriting(ino)
  await tree.seal()
  say(`sealed ${number}`)
}

async function edit(): Promise<void> {
  const ino = at(tree, 'f0')
  tree.openForWriting(ino, false)
  write(ino, edited(), editedFrom)
  tree.synchronize(ino)
  tree.releaseWriting(ino)
  say('edited')
  await tree.seal()
}

async function collect(): Promise<void> {
  const references = [...vfsReferences, cidTextColumn('roots')]
  const segments = join(home, 'segments')
  await collectGarbage({ segments, database, references, linksOf: dagLinks })
}

say('begun')
for (const number of [0, 1, 2]) await make(number)
await edit()
say('sealed again')
tree.remove(tree.root, toName('f1'))
await tree.seal()
say('removed')
await collect()
say('collected')
await make(3)
await close()
