import { CairnError } from '../base/errors.ts'

/**
 * Two things that Node cannot do itself: a pair of connected sockets, and receiving a descriptor
 * over one (SCM_RIGHTS). https://man7.org/linux/man-pages/man7/unix.7.html
 * The C library is called through koffi, loaded only here: 8 MB that root's mounts do without.
 */
const socketDomain = { unix: 1, stream: 1 } as const
const controlMessage = { socketLevel: 1, rights: 1, closeOnExec: 0x4000_0000 } as const
const setDescriptorFlags = 2
const closeOnExecFlag = 1

/** struct msghdr, iovec and cmsghdr with one descriptor, as 64-bit Linux lays them out. */
const layout = { message: 56, vector: 16, control: 24, usedControl: 20 } as const

interface Libc {
  readonly socketpair: (domain: number, type: number, protocol: number, pair: Int32Array) => number
  readonly fcntl: (descriptor: number, command: number, flags: number) => number
  readonly recvmsg: (descriptor: number, message: Buffer, flags: number) => Promise<number>
  readonly address: (bytes: Buffer) => bigint
}

async function loadLibc(): Promise<Libc> {
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load('libc.so.6')
    const receive = library.func('long recvmsg(int, void*, int)')
    return {
      socketpair: library.func('int socketpair(int, int, int, _Out_ int*)'),
      fcntl: library.func('int fcntl(int, int, int)'),
      address: bytes => koffi.address(bytes),
      recvmsg: (descriptor, message, flags) => {
        const { promise, resolve, reject } = Promise.withResolvers<number>()
        receive.async(descriptor, message, flags, (error: Error | null, result: number) => {
          error === null ? resolve(result) : reject(error)
        })
        return promise
      }
    }
  } catch (cause) {
    throw new CairnError(
      'unsupported',
      'mounting without root needs the package "koffi" for this platform and the GNU C library: ' +
        'run "npm install", or mount as root',
      { cause }
    )
  }
}

/** Our end, closed in children, and the end to hand to a child. */
export async function openSocketPair(): Promise<[ours: number, theirs: number]> {
  const libc = await loadLibc()
  const pair = new Int32Array(2)
  if (libc.socketpair(socketDomain.unix, socketDomain.stream, 0, pair) !== 0) {
    throw new CairnError('io', 'no pair of sockets could be made')
  }
  const [ours = -1, theirs = -1] = pair
  libc.fcntl(ours, setDescriptorFlags, closeOnExecFlag)
  libc.fcntl(theirs, setDescriptorFlags, closeOnExecFlag)
  return [ours, theirs]
}

/** Waits for one descriptor; undefined if the other end closed without sending one. */
export async function receiveDescriptor(socket: number): Promise<number | undefined> {
  const libc = await loadLibc()
  const byte = Buffer.alloc(1)
  const vector = Buffer.alloc(layout.vector)
  vector.writeBigUInt64LE(libc.address(byte), 0)
  vector.writeBigUInt64LE(1n, 8)
  const control = Buffer.alloc(layout.control)
  const message = Buffer.alloc(layout.message)
  message.writeBigUInt64LE(libc.address(vector), 16)
  message.writeBigUInt64LE(1n, 24)
  message.writeBigUInt64LE(libc.address(control), 32)
  message.writeBigUInt64LE(BigInt(layout.control), 40)
  const received = await libc.recvmsg(socket, message, controlMessage.closeOnExec)
  // The kernel writes through the addresses; these uses keep the buffers from being collected.
  if (received <= 0 || byte.length + vector.length === 0) return undefined
  return descriptorOf(control)
}

function descriptorOf(control: Buffer): number | undefined {
  const right =
    control.readBigUInt64LE(0) === BigInt(layout.usedControl) &&
    control.readInt32LE(8) === controlMessage.socketLevel &&
    control.readInt32LE(12) === controlMessage.rights
  return right ? control.readInt32LE(16) : undefined
}
