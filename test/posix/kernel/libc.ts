import { constants } from 'node:os'
import koffi from 'koffi'
import { Errno } from '../posix.ts'

/**
 * Functions of the C library by their prototypes. Those that return an int throw an `Errno` for -1.
 */
const library = koffi.load('libc.so.6')

type Argument = number | bigint | Uint8Array | null

export function libc(prototype: string): (...args: Argument[]) => number {
  const call = library.func(prototype) as (...args: Argument[]) => number
  return (...args) => {
    const result = call(...args)
    if (result === -1) throw new Errno(errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`)
    return result
  }
}

/** For functions that return an address; MAP_FAILED is all ones. */
export function libcAddress(prototype: string): (...args: Argument[]) => bigint {
  const call = library.func(prototype) as (...args: Argument[]) => bigint
  return (...args) => {
    const result = call(...args)
    const failed = BigInt.asIntN(64, BigInt(result)) === -1n
    if (failed) throw new Errno(errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`)
    return result
  }
}

export function memoryAt(address: bigint, bytes: number): Uint8Array {
  return new Uint8Array(koffi.view(address, bytes))
}

export function addressOf(bytes: Uint8Array): bigint {
  return koffi.address(bytes) as bigint
}

/** Of two names for a number the one Linux's pages use. */
const preferred = new Set(['EAGAIN', 'EOPNOTSUPP', 'EDEADLK'])

const errnoNames = new Map<number, string>()
for (const [name, number] of Object.entries(constants.errno)) {
  if (!errnoNames.has(number) || preferred.has(name)) errnoNames.set(number, name)
}

/** Bytes with their NUL. */
export function cString(bytes: string): Uint8Array {
  return Buffer.from(`${bytes}\0`, 'latin1')
}
