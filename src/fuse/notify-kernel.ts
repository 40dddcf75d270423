import { write } from 'node:fs'
import type { Ino } from '../vfs/api.ts'
import { notification, sizeOf } from './protocol.ts'

/** Beyond this many the oldest are dropped: the kernel then finds out when its timeouts end. */
const queuedMessages = 10_000

/**
 * Tells the kernel to forget. A notification waits for locks that a request may hold which in turn
 * waits for the main thread, so it is written from the thread pool, one at a time.
 */
export class KernelNotifier {
  readonly #device: number
  readonly #queue = new Map<string, Buffer>()
  readonly #idle = Promise.withResolvers<void>()
  #writing = false
  #closed = false

  constructor(device: number) {
    this.#device = device
  }

  /** struct fuse_notify_inval_inode_out: inode, offset, length; 0 and 0 are all pages. */
  invalidateInode(ino: Ino): void {
    const message = this.#message(notification.invalidateInode, 24)
    message.writeBigUInt64LE(BigInt(ino), sizeOf.outHeader)
    this.#enqueue(`${ino}`, message)
  }

  /** struct fuse_notify_inval_entry_out: parent, length of the name, flags; then the name and a NUL. */
  invalidateEntry(parent: Ino, name: string): void {
    const message = this.#message(notification.invalidateEntry, 16 + name.length + 1)
    message.writeBigUInt64LE(BigInt(parent), sizeOf.outHeader)
    message.writeUInt32LE(name.length, sizeOf.outHeader + 8)
    message.write(name, sizeOf.outHeader + 16, 'latin1')
    this.#enqueue(`${parent}/${name}`, message)
  }

  /** Drops what was not sent, and resolves once the device is not written to any more. */
  close(): Promise<void> {
    this.#closed = true
    this.#queue.clear()
    if (!this.#writing) this.#idle.resolve()
    return this.#idle.promise
  }

  #message(code: number, payload: number): Buffer {
    const message = Buffer.alloc(sizeOf.outHeader + payload)
    message.writeUInt32LE(message.length, 0)
    message.writeInt32LE(code, 4)
    return message
  }

  #enqueue(key: string, message: Buffer): void {
    if (this.#closed) return
    this.#queue.set(key, message)
    const [oldest] = this.#queue.keys()
    if (this.#queue.size > queuedMessages && oldest !== undefined) this.#queue.delete(oldest)
    if (!this.#writing) this.#writeNext()
  }

  /** An inode or entry the kernel does not hold is ENOENT: then there is nothing to forget. */
  #writeNext(): void {
    const [next] = this.#queue
    this.#writing = next !== undefined
    if (next === undefined) {
      if (this.#closed) this.#idle.resolve()
      return
    }
    this.#queue.delete(next[0])
    write(this.#device, next[1], 0, next[1].length, null, () => this.#writeNext())
  }
}
