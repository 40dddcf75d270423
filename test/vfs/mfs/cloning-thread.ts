import { parentPort, workerData } from 'node:worker_threads'
import { toName } from '../../../src/base/names.ts'
import { caller, openTree } from './open-tree.ts'

/** Copies a chain of so many folders, sealed, with an attribute on the last; tells what that has in the copy. */
const { home, levels } = workerData as { readonly home: string; readonly levels: number }
const { tree, database, close } = openTree(home)
const name = toName('a')
const attribute = 'user.note'

/** The inode at the end of a chain, each lookup let go once the next is had. */
function end(top: number): number {
  let ino = top
  for (let level = 1; level < levels; level++) {
    const next = tree.lookup(ino, name).ino
    if (ino !== top) tree.forget(ino, 1)
    ino = next
  }
  return ino
}

const top = tree.makeDirectory(tree.root, toName('from'), 0o755, caller).ino
database.write(() => {
  let last = top
  for (let level = 1; level < levels; level++) {
    last = tree.makeDirectory(last, name, 0o755, caller).ino
  }
  tree.setXattr(last, attribute, Buffer.from('deep'), 'any')
})
await tree.seal()
const copy = tree.clone(top, tree.root, toName('to'), { caller, members: true }).ino
const carried = Buffer.from(tree.xattr(end(copy), attribute)).toString()
close()
parentPort?.postMessage(carried)
