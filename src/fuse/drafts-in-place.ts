import { statSync } from 'node:fs'
import type { Ino, WritableTree } from '../vfs/api.ts'
import type { BackingFiles } from './backing-files.ts'
import { FileLeases } from './file-leases.ts'
import type { InPlace } from './in-place.ts'
import { type OpenFile, type OpenFiles, tooManyOpen } from './open-files.ts'
import { linux } from './protocol.ts'

/**
 * Passthrough of drafts. Truncation, fallocate, fsync and attributes come as requests still, and meet
 * the same file.
 *
 * An inode with a backing file is held open for writing here, lest its draft be sealed away under the
 * kernel. The last handle's RELEASE does not end that: a mapping keeps the backing file and
 * tells nobody. Such an inode lingers until nobody can write to its file any more.
 */
export class DraftsInPlace implements InPlace {
  /** Of the threads that share them. */
  readonly #open: OpenFiles
  readonly #backing: BackingFiles
  readonly #leases = new FileLeases()
  readonly #tree: WritableTree
  /** When each backing file was written to last, as `writes` saw it. */
  readonly #written = new Map<Ino, bigint>()
  #writes = 0

  constructor(open: OpenFiles, backing: BackingFiles, tree: WritableTree) {
    this.#open = open
    this.#backing = backing
    this.#tree = tree
  }

  open(ino: Ino, writes: boolean): number {
    const isOpen = this.#open.exclusively(() => this.#open.find(ino) !== undefined)
    if (writes && !isOpen) this.#tree.plainFiles?.make(ino)
    return this.#open.exclusively(() => {
      const backing = this.#open.find(ino)?.backing ?? this.#register(ino)
      if (this.#open.opened(ino, backing)) return backing
      if (backing !== 0) this.#end(ino, backing)
      throw tooManyOpen()
    })
  }

  /**
   * Holds the inode, so that its plain file stays; 0 if it has none, or the kernel will not take it. Not
   * one with set-id bits: a write in place would not clear them.
   */
  #register(ino: Ino): number {
    const { plainFiles } = this.#tree
    if (plainFiles?.find(ino) === undefined) return 0
    if ((this.#tree.attributes(ino).mode & (linux.setUid | linux.setGid)) !== 0) return 0
    this.#tree.openForWriting(ino, false)
    let backing = 0
    try {
      const path = plainFiles.find(ino)
      if (path !== undefined) backing = this.#backing.open(path)
    } catch {
      backing = 0
    }
    if (backing === 0) this.#tree.releaseWriting(ino)
    return backing
  }

  closed(ino: Ino): void {
    this.#open.exclusively(() => {
      const lingers = this.#open.closed(ino)
      if (lingers !== undefined) this.#endIfUnused(lingers)
    })
  }

  unlessBacked(ino: Ino, work: () => void): boolean {
    return this.#open.exclusively(() => {
      if ((this.#open.find(ino)?.backing ?? 0) !== 0) return false
      work()
      return true
    })
  }

  tidy(): void {
    if (!this.#open.lingering) return
    this.#open.exclusively(() => {
      for (const file of this.#open.backed()) if (file.handles === 0) this.#endIfUnused(file)
    })
  }

  #endIfUnused({ ino, backing }: OpenFile): void {
    const path = this.#tree.plainFiles?.find(ino)
    if (path !== undefined && this.#leases.isWritable(path)) return
    this.#open.forget(ino)
    this.#end(ino, backing)
  }

  #end(ino: Ino, backing: number): void {
    this.#written.delete(ino)
    this.#backing.close(backing)
    this.#tree.releaseWriting(ino)
  }

  writes(): number {
    const files = this.#open.exclusively(() => this.#open.backed())
    for (const { ino } of files) {
      const path = this.#tree.plainFiles?.find(ino)
      if (path === undefined) continue
      const { mtimeNs } = statSync(path, { bigint: true })
      if (this.#written.get(ino) !== mtimeNs) this.#writes++
      this.#written.set(ino, mtimeNs)
    }
    return this.#writes
  }

  close(): void {
    for (const { ino, backing } of this.#open.backed()) this.#end(ino, backing)
  }
}
