import { read, readSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import type { Arrivals } from './arrivals.ts'
import type { Reply } from './reply.ts'
import type { Request } from './request.ts'

/** Reading the device fails so when the file system is unmounted, or its connection was aborted. */
const ended: ReadonlySet<string> = new Set(['ENODEV', 'ECONNABORTED', 'EBADF'])
/** The request went away before it was read, or a signal came: read again. */
const again: ReadonlySet<string> = new Set(['ENOENT', 'EINTR', 'EAGAIN'])

/** Waits for the next request, as `arrivals` says; false once the mount has ended. */
export function receive(device: number, request: Request, arrivals?: Arrivals): boolean {
  for (let empty = false; ; ) {
    arrivals?.wait(empty)
    try {
      request.length = readSync(device, request.bytes, 0, request.bytes.length, null)
      return request.length > 0
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (ended.has(code!)) return false
      if (!again.has(code!)) throw cause
      empty = code === 'EAGAIN'
    }
  }
}

const readLater = promisify(read)

/** As `receive`, without blocking the caller: a thread of libuv's pool waits, which costs next to no memory. */
export async function receiveLater(device: number, request: Request): Promise<boolean> {
  for (;;) {
    try {
      const { bytes } = request
      const { bytesRead } = await readLater(device, bytes, 0, bytes.length, null)
      request.length = bytesRead
      return bytesRead > 0
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (ended.has(code!)) return false
      if (!again.has(code!)) throw cause
    }
  }
}

/**
 * Sends the first `length` bytes of a reply. ENOENT says that nobody waits for it any more, ENODEV
 * that nothing is mounted. Throws what else the kernel says of a reply, EINVAL of a malformed one.
 */
export function send(device: number, reply: Reply, length: number): void {
  try {
    writeSync(device, reply.bytes, 0, length)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code !== 'ENOENT' && !ended.has(code!)) throw cause
  }
}
