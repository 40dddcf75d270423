import type { KernelCalls, RangeLock } from '../posix.ts'
import { addressOf, cString, libc, libcAddress, memoryAt } from './libc.ts'

const calls = {
  flock: libc('int flock(int, int)'),
  fcntl: libc('int fcntl(int, int, void*)'),
  fallocate: libc('int fallocate64(int, int, int64_t, int64_t)'),
  copyFileRange: libc('int64_t copy_file_range(int, void*, int, void*, size_t, uint32_t)'),
  preadv: libc('int64_t preadv64(int, const void*, int, int64_t)'),
  readv: libc('int64_t readv(int, const void*, int)'),
  pwritev: libc('int64_t pwritev64(int, const void*, int, int64_t)'),
  writev: libc('int64_t writev(int, const void*, int)'),
  mmap: libcAddress('uintptr_t mmap(void*, size_t, int, int, int, int64_t)'),
  msync: libc('int msync(uintptr_t, size_t, int)'),
  munmap: libc('int munmap(uintptr_t, size_t)'),
  linkat: libc('int linkat(int, const void*, int, const void*, int)')
}

const synchronous = 4
const at = { cwd: -100, follow: 0x400 } as const

/** What the kernel does beside a file system's own calls, or with its help. */
export const extras: KernelCalls = {
  lockWhole: (descriptor, operation) => void calls.flock(descriptor, operation),
  lockRange: (descriptor, command, lock) => {
    const bytes = flockBytes(lock)
    calls.fcntl(descriptor, command, bytes)
    return {
      type: bytes.readInt16LE(0),
      start: Number(bytes.readBigInt64LE(8)),
      length: Number(bytes.readBigInt64LE(16))
    }
  },
  allocate: (descriptor, mode, offset, bytes) =>
    void calls.fallocate(descriptor, mode, offset, bytes),
  copyRange: (from, to, offsets, bytes) => {
    const [one, other] = offsets.map(offset => {
      const place = Buffer.alloc(8)
      place.writeBigInt64LE(BigInt(Math.max(0, offset)))
      return offset < 0 ? null : place
    }) as [Buffer | null, Buffer | null]
    return Number(calls.copyFileRange(from, one, to, other, bytes, 0))
  },
  readVector: (descriptor, lengths, position) => {
    const pieces = lengths.map(length => Buffer.alloc(length))
    const vectors = vectorsOf(pieces)
    const found = Number(
      position < 0
        ? calls.readv(descriptor, vectors, pieces.length)
        : calls.preadv(descriptor, vectors, pieces.length, position)
    )
    const all = Buffer.concat(pieces).subarray(0, found).toString('latin1')
    return lengths.map((length, index) => {
      const start = lengths.slice(0, index).reduce((sum, before) => sum + before, 0)
      return all.slice(start, start + length)
    })
  },
  writeVector: (descriptor, texts, position) => {
    const pieces = texts.map(text => Buffer.from(text, 'latin1'))
    const vectors = vectorsOf(pieces)
    const written =
      position < 0
        ? calls.writev(descriptor, vectors, pieces.length)
        : calls.pwritev(descriptor, vectors, pieces.length, position)
    // The kernel reads through the addresses: this use keeps the buffers from being collected.
    return pieces.length === 0 ? 0 : Number(written)
  },
  map: (descriptor, bytes, protection, flags) => {
    const address = BigInt(calls.mmap(null, bytes, protection, flags, descriptor, 0))
    return {
      bytes: memoryAt(address, bytes),
      synchronize: () => void calls.msync(address, bytes, synchronous),
      unmap: () => void calls.munmap(address, bytes)
    }
  },
  linkDescriptor: (descriptor, path) =>
    void calls.linkat(
      at.cwd,
      cString(`/proc/self/fd/${descriptor}`),
      at.cwd,
      cString(path),
      at.follow
    )
}

/** struct flock of 64-bit Linux: type, whence, start, length, pid. */
function flockBytes({ type, start, length }: RangeLock): Buffer {
  const bytes = Buffer.alloc(32)
  bytes.writeInt16LE(type, 0)
  bytes.writeBigInt64LE(BigInt(start), 8)
  bytes.writeBigInt64LE(BigInt(length), 16)
  return bytes
}

/** An array of struct iovec. */
function vectorsOf(pieces: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.alloc(16 * pieces.length)
  pieces.forEach((piece, index) => {
    bytes.writeBigUInt64LE(addressOf(piece), index * 16)
    bytes.writeBigUInt64LE(BigInt(piece.length), index * 16 + 8)
  })
  return bytes
}
