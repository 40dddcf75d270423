import { parentPort, workerData } from 'node:worker_threads'
import { toName } from '../../../src/base/names.ts'
import { WriteLock } from '../../../src/base/write-lock.ts'
import { caller, openTree } from './open-tree.ts'

/**
 * A thread that works on a tree of its own over a home: `append` writes numbered lines to one file,
 * opening and closing it every few, until told to stop; `make` makes, renames and removes files.
 */
interface Work {
  readonly home: string
  readonly shared: SharedArrayBuffer
  readonly lock: SharedArrayBuffer
  /** Word 0: set to 1 to stop. Word 1: what is done so far. */
  readonly signals: SharedArrayBuffer
  readonly kind: 'append' | 'make'
  readonly name: string
}

const work = workerData as Work
const signals = new Int32Array(work.signals)
const { tree, close } = openTree(work.home, {
  shared: work.shared,
  writeLock: new WriteLock(work.lock)
})
const stopped = () => Atomics.load(signals, 0) === 1

function append(): void {
  const { ino } = tree.lookup(tree.root, toName(work.name))
  let position = 0
  for (let line = 0; !stopped(); line++) {
    if (line % 7 === 0) tree.openForWriting(ino, false)
    const text = Buffer.from(`line ${line}\n`)
    position += tree.write(ino, text, position)
    if (line % 7 === 6) tree.releaseWriting(ino)
    Atomics.store(signals, 1, line + 1)
    Atomics.notify(signals, 1)
  }
}

function make(): void {
  const folder = tree.makeDirectory(tree.root, toName(work.name), 0o755, caller).ino
  for (let round = 0; !stopped(); round++) {
    const { ino } = tree.createFile(folder, toName('new'), 0o644, caller)
    tree.write(ino, Buffer.from(`round ${round}`), 0)
    tree.releaseWriting(ino)
    tree.rename(folder, toName('new'), folder, toName('current'), { mode: 'replace' })
    tree.makeLink(ino, tree.root, toName(`${work.name}-${round % 3}`))
    tree.remove(tree.root, toName(`${work.name}-${round % 3}`))
    tree.forget(ino, 2)
    Atomics.store(signals, 1, round + 1)
    Atomics.notify(signals, 1)
  }
}

if (work.kind === 'append') append()
else make()
close()
parentPort?.postMessage('done')
