import { write } from 'node:fs'
import type { Ino } from '../vfs/api.ts'
import { notification, sizeOf } from './protocol.ts'

/** Beyond this many the oldest are dropped: the kernel then finds out when its timeouts end. */
const queuedMessages = 10_000
/** Each holds a thread of libuv's pool for as long as a request holds what it waits for. */
const writtenAtOnce = 3

interface Message {
  readonly bytes: Buffer
  readonly sent: PromiseWithResolvers<void>
}

/**
 * Tells the kernel to forget. A notification waits for locks that a request may hold which in turn
 * waits for the main thread, so it is written from the thread pool, one at a time for an inode: one
 * that waits long holds up those of its directory alone.
 */
export class KernelNotifier {
  readonly #device: number
  /** By the inode whose lock the kernel takes for it; none is empty. */
  readonly #waiting = new Map<Ino, Map<string, Message>>()
  readonly #writing = new Set<Ino>()
  readonly #idle = Promise.withResolvers<void>()
  #count = 0
  #closed = false

  constructor(device: number) {
    this.#device = device
  }

  /** struct fuse_notify_inval_inode_out: inode, offset, length; 0 and 0 are all pages. */
  invalidateInode(ino: Ino): Promise<void> {
    const bytes = messageOf(notification.invalidateInode, 24)
    bytes.writeBigUInt64LE(BigInt(ino), sizeOf.outHeader)
    return this.#enqueue(ino, '', bytes)
  }

  /** struct fuse_notify_inval_entry_out: parent, length of the name, flags; then the name and a NUL. */
  invalidateEntry(parent: Ino, name: string): Promise<void> {
    const bytes = messageOf(notification.invalidateEntry, 16 + name.length + 1)
    bytes.writeBigUInt64LE(BigInt(parent), sizeOf.outHeader)
    bytes.writeUInt32LE(name.length, sizeOf.outHeader + 8)
    bytes.write(name, sizeOf.outHeader + 16, 'latin1')
    return this.#enqueue(parent, name, bytes)
  }

  /** Drops what was not sent, and resolves once the device is not written to any more. */
  close(): Promise<void> {
    this.#closed = true
    while (this.#count > 0) this.#dropOldest()
    if (this.#writing.size === 0) this.#idle.resolve()
    return this.#idle.promise
  }

  /** `name`: empty for the inode itself. */
  #enqueue(ino: Ino, name: string, bytes: Buffer): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const waiting = this.#waiting.get(ino) ?? new Map<string, Message>()
    const known = waiting.get(name)
    if (known !== undefined) return known.sent.promise
    const message = { bytes, sent: Promise.withResolvers<void>() }
    this.#waiting.set(ino, waiting.set(name, message))
    this.#count++
    if (this.#count > queuedMessages) this.#dropOldest()
    this.#writeNext()
    return message.sent.promise
  }

  #dropOldest(): void {
    const [oldest] = this.#waiting
    if (oldest !== undefined) this.#take(...oldest)?.sent.resolve()
  }

  /** The first of an inode's; the others' turn comes before its next. */
  #take(ino: Ino, waiting: Map<string, Message>): Message | undefined {
    const [first] = waiting
    if (first === undefined) return undefined
    waiting.delete(first[0])
    this.#count--
    this.#waiting.delete(ino)
    if (waiting.size > 0) this.#waiting.set(ino, waiting)
    return first[1]
  }

  #writeNext(): void {
    if (this.#closed && this.#writing.size === 0) this.#idle.resolve()
    for (const [ino, waiting] of this.#waiting) {
      if (this.#writing.size === writtenAtOnce) return
      const message = this.#writing.has(ino) ? undefined : this.#take(ino, waiting)
      if (message !== undefined) this.#write(ino, message)
    }
  }

  /** An inode or entry the kernel does not hold is ENOENT: then there is nothing to forget. */
  #write(ino: Ino, { bytes, sent }: Message): void {
    this.#writing.add(ino)
    write(this.#device, bytes, 0, bytes.length, null, () => {
      this.#writing.delete(ino)
      sent.resolve()
      this.#writeNext()
    })
  }
}

function messageOf(code: number, payload: number): Buffer {
  const bytes = Buffer.alloc(sizeOf.outHeader + payload)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeInt32LE(code, 4)
  return bytes
}
