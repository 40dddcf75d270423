import { write } from 'node:fs'
import type { Ino } from '../vfs/api.ts'
import { notification, sizeOf } from './protocol.ts'

/** Beyond this many the oldest are dropped: the kernel then finds out when its timeouts end. */
const queuedMessages = 10_000
/** Each holds a thread of libuv's pool for as long as a request holds what it waits for. */
const writtenAtOnce = 3

interface Message {
  /** Whose lock the kernel takes for it. */
  readonly ino: Ino
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
  readonly #queue = new Map<string, Message>()
  readonly #writing = new Set<Ino>()
  readonly #idle = Promise.withResolvers<void>()
  #closed = false

  constructor(device: number) {
    this.#device = device
  }

  /** struct fuse_notify_inval_inode_out: inode, offset, length; 0 and 0 are all pages. */
  invalidateInode(ino: Ino): Promise<void> {
    const bytes = messageOf(notification.invalidateInode, 24)
    bytes.writeBigUInt64LE(BigInt(ino), sizeOf.outHeader)
    return this.#enqueue(`${ino}`, ino, bytes)
  }

  /** struct fuse_notify_inval_entry_out: parent, length of the name, flags; then the name and a NUL. */
  invalidateEntry(parent: Ino, name: string): Promise<void> {
    const bytes = messageOf(notification.invalidateEntry, 16 + name.length + 1)
    bytes.writeBigUInt64LE(BigInt(parent), sizeOf.outHeader)
    bytes.writeUInt32LE(name.length, sizeOf.outHeader + 8)
    bytes.write(name, sizeOf.outHeader + 16, 'latin1')
    return this.#enqueue(`${parent}/${name}`, parent, bytes)
  }

  /** Drops what was not sent, and resolves once the device is not written to any more. */
  close(): Promise<void> {
    this.#closed = true
    for (const { sent } of this.#queue.values()) sent.resolve()
    this.#queue.clear()
    if (this.#writing.size === 0) this.#idle.resolve()
    return this.#idle.promise
  }

  #enqueue(key: string, ino: Ino, bytes: Buffer): Promise<void> {
    if (this.#closed) return Promise.resolve()
    const message = this.#queue.get(key) ?? { ino, bytes, sent: Promise.withResolvers<void>() }
    this.#queue.set(key, message)
    if (this.#queue.size > queuedMessages) this.#dropOldest()
    this.#writeNext()
    return message.sent.promise
  }

  #dropOldest(): void {
    const [oldest] = this.#queue
    if (oldest === undefined) return
    this.#queue.delete(oldest[0])
    oldest[1].sent.resolve()
  }

  #writeNext(): void {
    if (this.#closed && this.#writing.size === 0) this.#idle.resolve()
    if (this.#writing.size === writtenAtOnce) return
    for (const [key, message] of this.#queue) {
      if (this.#writing.has(message.ino)) continue
      this.#queue.delete(key)
      this.#write(message)
      if (this.#writing.size === writtenAtOnce) return
    }
  }

  /** An inode or entry the kernel does not hold is ENOENT: then there is nothing to forget. */
  #write({ ino, bytes, sent }: Message): void {
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
