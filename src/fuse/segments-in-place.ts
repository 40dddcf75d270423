import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Ino, SharedFiles } from '../vfs/api.ts'
import type { BackingFiles } from './backing-files.ts'
import { FileLeases } from './file-leases.ts'
import type { InPlace } from './in-place.ts'
import { type OpenFiles, tooManyOpen } from './open-files.ts'

/**
 * Passthrough of flat segments: frozen files that are a plain file from their first byte to their last,
 * which the kernel reads and maps itself. All others are read by requests.
 *
 * The name that `SharedFiles` gave such a file keeps its bytes from collection. It outlives the last
 * handle, for a mapping does, of which nobody tells; and the process, for programs do: it goes when
 * the file is open nowhere any more.
 */
export class SegmentsInPlace implements InPlace {
  /** Of the threads that share them. */
  readonly #open: OpenFiles
  readonly #backing: BackingFiles
  readonly #leases = new FileLeases()
  readonly #files: SharedFiles

  constructor(open: OpenFiles, backing: BackingFiles, files: SharedFiles) {
    this.#open = open
    this.#backing = backing
    this.#files = files
  }

  open(ino: Ino): number {
    const isOpen = this.#open.exclusively(() => this.#open.find(ino) !== undefined)
    const path = isOpen ? undefined : this.#files.find(ino)
    return this.#open.exclusively(() => {
      const backing = this.#open.find(ino)?.backing ?? this.#register(path)
      if (this.#open.opened(ino, backing)) return backing
      if (backing !== 0) this.#backing.close(backing)
      throw tooManyOpen()
    })
  }

  /** 0 if there is no such file, the kernel will not take it, or its name went before it was open. */
  #register(path: string | undefined): number {
    if (path === undefined) return 0
    let backing = 0
    try {
      backing = this.#backing.open(path)
    } catch {
      return 0
    }
    if (existsSync(path)) return backing
    this.#backing.close(backing)
    return 0
  }

  closed(ino: Ino): void {
    this.#open.exclusively(() => {
      const last = this.#open.closed(ino)
      if (last === undefined) return
      this.#open.forget(ino)
      this.#backing.close(last.backing)
    })
  }

  /** Nothing here can be written. */
  unlessBacked(_ino: Ino, work: () => void): boolean {
    work()
    return true
  }

  tidy(): void {
    for (const path of sharedPaths(this.#files)) this.#leases.removeUnlessOpen(path)
  }

  writes(): number {
    return 0
  }

  close(): void {
    for (const { backing } of this.#open.backed()) this.#backing.close(backing)
    this.tidy()
  }
}

/** Removes the names of files that are open nowhere, which a daemon left that was killed: at the start. */
export function tidySharedFiles(files: Pick<SharedFiles, 'folder'>): void {
  const paths = sharedPaths(files)
  if (paths.length === 0) return
  const leases = new FileLeases()
  for (const path of paths) leases.removeUnlessOpen(path)
}

function sharedPaths({ folder }: Pick<SharedFiles, 'folder'>): string[] {
  return existsSync(folder) ? readdirSync(folder).map(name => join(folder, name)) : []
}
