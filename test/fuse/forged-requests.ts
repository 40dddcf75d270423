import { dispatch, type Fault } from '../../src/fuse/dispatch.ts'
import { sizeOf } from '../../src/fuse/protocol.ts'
import { openSession, type Session } from '../../src/fuse/session.ts'
import type { Tree } from '../../src/vfs/api.ts'
import { MemoryTree } from '../lib/memory-tree.ts'

const unique = 77

/** A request as the kernel would write it: a header, then `body`. */
export function message(code: number, ino: number, body: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.alloc(sizeOf.inHeader + body.length)
  bytes.writeUInt32LE(bytes.length, 0)
  bytes.writeUInt32LE(code, 4)
  bytes.writeUInt32LE(unique, 8)
  bytes.writeBigUInt64LE(BigInt(ino), 16)
  bytes.set(body, sizeOf.inHeader)
  return bytes
}

export const words = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer)
export const text = (...strings: string[]): Buffer =>
  Buffer.from(strings.map(s => `${s}\0`).join(''))
export const body = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts)

export interface Answer {
  readonly length: number
  readonly error: number
  readonly words: Uint32Array
  readonly payload: Buffer
  readonly faults: Fault[]
}

export function ask(session: Session, bytes: Uint8Array): Answer {
  const faults: Fault[] = []
  session.request.load(bytes)
  const length = dispatch(session, fault => faults.push(fault))
  const { reply } = session
  return {
    length,
    error: -(reply.words[1]! | 0),
    words: reply.words,
    payload: Buffer.from(reply.bytes.subarray(sizeOf.outHeader, length)),
    faults
  }
}

export function sessionOf(tree: Tree = new MemoryTree()): Session {
  const session = openSession(tree)
  // What an earlier reply left must never show.
  session.reply.bytes.fill(0xaa)
  return session
}
