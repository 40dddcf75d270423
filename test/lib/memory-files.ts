import { CairnError } from '../../src/base/errors.ts'
import type { Allocation, Attributes, Ino, Place } from '../../src/vfs/api.ts'
import { allocate, attributesOf, type Node, now, resize, seek } from './memory-node.ts'

/** What a `MemoryTree` does with one inode. */
export abstract class MemoryFiles {
  protected abstract node(ino: Ino): Node

  attributes(ino: Ino): Attributes {
    return attributesOf(this.node(ino))
  }

  readLink(ino: Ino): Uint8Array {
    return this.node(ino).bytes
  }

  read(ino: Ino, target: Uint8Array, position: number): number {
    const { bytes, size } = this.node(ino)
    const end = Math.min(size, position + target.length)
    if (end <= position) return 0
    target.set(bytes.subarray(position, end))
    return end - position
  }

  xattr(ino: Ino, name: string): Uint8Array {
    const value = this.node(ino).xattrs.get(name)
    if (value === undefined) throw new CairnError('no-attribute', `no ${name}`)
    return value
  }

  xattrNames(ino: Ino): string[] {
    return [...this.node(ino).xattrs.keys()]
  }

  write(ino: Ino, source: Uint8Array, position: number): number {
    const node = this.node(ino)
    if (position + source.length > node.size) resize(node, position + source.length)
    node.bytes.set(source, position)
    node.mtime = now()
    node.ctime = node.mtime
    return source.length
  }

  allocate(ino: Ino, allocation: Allocation): void {
    allocate(this.node(ino), allocation)
  }

  seek(ino: Ino, position: number, what: 'data' | 'hole'): number | undefined {
    return seek(this.node(ino), position, what)
  }

  copyRange(from: Place, to: Place, length: number): number {
    const bytes = new Uint8Array(length)
    const count = this.read(from.ino, bytes, from.position)
    return this.write(to.ino, bytes.subarray(0, count), to.position)
  }

  synchronize(ino: Ino): void {
    this.node(ino)
  }

  setXattr(ino: Ino, name: string, value: Uint8Array, mode: 'any' | 'create' | 'replace'): void {
    const { xattrs } = this.node(ino)
    if (mode === 'create' && xattrs.has(name)) throw new CairnError('exists', name)
    if (mode === 'replace' && !xattrs.has(name)) throw new CairnError('no-attribute', name)
    xattrs.set(name, value)
  }

  removeXattr(ino: Ino, name: string): void {
    if (!this.node(ino).xattrs.delete(name)) throw new CairnError('no-attribute', name)
  }
}
