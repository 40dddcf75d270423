import { CairnError } from '../../src/base/errors.ts'
import type { Name } from '../../src/base/names.ts'
import { type Attributes, fileType, type Ino } from '../../src/vfs/api.ts'
import { missing } from '../lib/memory-node.ts'
import { MemoryTree } from '../lib/memory-tree.ts'

/** What both a mount's threads and the main thread build their tree from. */
export interface TestTreeData {
  readonly nature: 'frozen' | 'live'
  /** Ids of blocks that have arrived, by index: shared by the threads. */
  readonly arrived: SharedArrayBuffer
  readonly failAtStart?: boolean
}

export function testTreeData(nature: 'frozen' | 'live' = 'live'): TestTreeData {
  return { nature, arrived: new SharedArrayBuffer(4096) }
}

/** The index of the block that `late-<index>` lacks. */
export function lateIndex(id: string): number {
  return Number(id.slice('late-'.length))
}

/**
 * A tree for tests: `hello` says hello; `late-<n>` is missing until byte n of `arrived` is 1;
 * `slow-<anything>` is not there, after 20 ms of work; `broken-throw` throws a plain error when it is looked up, `broken-io` a CairnError; in a
 * subdirectory `many` there are 3000 files.
 */
export function makeTestTree(data: TestTreeData): MemoryTree {
  if (data.failAtStart) throw new CairnError('io', 'no tree today')
  return new TestTree(data)
}

class TestTree extends MemoryTree {
  readonly #arrived: Uint8Array

  constructor({ nature, arrived }: TestTreeData) {
    super(nature)
    this.#arrived = new Uint8Array(arrived)
    this.put(1, 'hello' as Name, 'hello, world\n')
    const { ino } = this.makeDirectory(1, 'many' as Name, 0o755, { uid: 0, gid: 0 })
    for (let index = 0; index < 3000; index++) this.put(ino, `file-${index}` as Name, `${index}`)
  }

  override lookup(parent: Ino, name: Name): Attributes {
    if (name === 'broken-throw') throw new TypeError('a defect')
    if (name === 'broken-io') throw new CairnError('corrupt', 'a damaged block')
    if (name.startsWith('slow-')) Atomics.wait(slowness, 0, 0, slowMs)
    if (name.startsWith('late-')) {
      if (Atomics.load(this.#arrived, lateIndex(name)) === 0) missing(name)
      return this.#late(lateIndex(name))
    }
    return super.lookup(parent, name)
  }

  override attributes(ino: Ino): Attributes {
    return ino >= lateBase ? this.#late(ino - lateBase) : super.attributes(ino)
  }

  override read(ino: Ino, target: Uint8Array, position: number): number {
    if (ino < lateBase) return super.read(ino, target, position)
    const text = Buffer.from(`late ${ino - lateBase}\n`).subarray(position)
    target.set(text)
    return text.length
  }

  #late(index: number): Attributes {
    const size = `late ${index}\n`.length
    const plain = super.attributes(1)
    return { ...plain, ino: lateBase + index, mode: fileType.regular | 0o644, links: 1, size }
  }
}

const slowness = new Int32Array(new SharedArrayBuffer(4))
const slowMs = 20
const lateBase = 1_000_000
