import { openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { CairnError } from '../../src/base/errors.ts'
import { type Name, toName } from '../../src/base/names.ts'
import {
  type AttributeChanges,
  type Attributes,
  type Caller,
  fileType,
  type Ino,
  type RenameOptions
} from '../../src/vfs/api.ts'
import { MemoryTree } from '../lib/memory-tree.ts'

/** What was asked of the disk, in order. */
export type DiskEvent =
  | {
      readonly kind: 'file' | 'folder'
      readonly ino: Ino
      readonly parent: Ino
      readonly name: Name
    }
  /** A further name of a file. */
  | { readonly kind: 'link'; readonly ino: Ino; readonly parent: Ino; readonly name: Name }
  | {
      readonly kind: 'write'
      readonly ino: Ino
      readonly position: number
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'resize'; readonly ino: Ino; readonly size: number }
  | { readonly kind: 'sync'; readonly ino: Ino }
  | { readonly kind: 'remove'; readonly parent: Ino; readonly name: Name }
  | {
      readonly kind: 'rename'
      readonly parent: Ino
      readonly name: Name
      readonly to: Ino
      readonly newName: Name
    }
  /** All of it until here survives a power cut. */
  | { readonly kind: 'settled' }

export interface RecordingData {
  /** A plain folder: what is on the disk at first. */
  readonly base: string
  /** Where the events go: each a length of four bytes, then `v8.serialize` of it. */
  readonly journal: string
}

const nobody: Caller = { uid: 0, gid: 0 }

/** A file system in memory that writes down what is asked of it, and knows no calls but those the home makes. */
export class RecordingTree extends MemoryTree {
  readonly #journal: number

  constructor({ base, journal }: RecordingData) {
    super('live')
    this.#journal = openSync(journal, 'w')
    this.#load(base, this.root)
    this.#note({ kind: 'settled' })
  }

  #load(folder: string, parent: Ino): void {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const [path, name] = [join(folder, entry.name), toName(entry.name)]
      if (entry.isDirectory()) {
        this.#load(path, this.makeDirectory(parent, name, 0o700, nobody).ino)
        continue
      }
      const { ino } = this.createFile(parent, name, fileType.regular | 0o600, nobody)
      this.write(ino, readFileSync(path), 0)
    }
  }

  #note(event: DiskEvent): void {
    const bytes = serialize(event)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    writeSync(this.#journal, Buffer.concat([length, bytes]))
  }

  override createFile(parent: Ino, name: Name, mode: number, caller: Caller): Attributes {
    const made = super.createFile(parent, name, mode, caller)
    this.#note({ kind: 'file', ino: made.ino, parent, name })
    return made
  }

  /** A socket, of which nothing is left after a power cut. */
  override makeNode(...args: Parameters<MemoryTree['makeNode']>): Attributes {
    if ((args[2] & fileType.mask) !== fileType.socket) unknown('mknod')
    return super.makeNode(...args)
  }

  override makeDirectory(parent: Ino, name: Name, mode: number, caller: Caller): Attributes {
    const made = super.makeDirectory(parent, name, mode, caller)
    this.#note({ kind: 'folder', ino: made.ino, parent, name })
    return made
  }

  override makeLink(ino: Ino, parent: Ino, name: Name): Attributes {
    const made = super.makeLink(ino, parent, name)
    this.#note({ kind: 'link', ino, parent, name })
    return made
  }

  override allocate(): void {
    unknown('fallocate')
  }

  override copyRange(): number {
    return unknown('copy_file_range')
  }

  override remove(parent: Ino, name: Name): void {
    super.remove(parent, name)
    this.#note({ kind: 'remove', parent, name })
  }

  override removeDirectory(parent: Ino, name: Name): void {
    super.removeDirectory(parent, name)
    this.#note({ kind: 'remove', parent, name })
  }

  override rename(parent: Ino, name: Name, to: Ino, newName: Name, options: RenameOptions): void {
    if (options.mode === 'exchange') unknown('an exchange')
    super.rename(parent, name, to, newName, options)
    this.#note({ kind: 'rename', parent, name, to, newName })
  }

  override change(ino: Ino, changes: AttributeChanges, caller: Caller): Attributes {
    const attributes = super.change(ino, changes, caller)
    if (changes.size !== undefined) this.#note({ kind: 'resize', ino, size: changes.size })
    return attributes
  }

  override openForWriting(ino: Ino, truncate: boolean): void {
    super.openForWriting(ino, truncate)
    if (truncate) this.#note({ kind: 'resize', ino, size: 0 })
  }

  override write(ino: Ino, source: Uint8Array, position: number): number {
    const count = super.write(ino, source, position)
    this.#note({ kind: 'write', ino, position, bytes: Uint8Array.from(source) })
    return count
  }

  override synchronize(ino: Ino): void {
    super.synchronize(ino)
    this.#note({ kind: 'sync', ino })
  }
}

function unknown(what: string): never {
  throw new CairnError('unsupported', `this disk has no ${what}`)
}
