import { seededBytes } from '../lib/deterministic.ts'

/** The files that act-adopting.ts makes: large enough to be sealed where they lie. */

export const MiB = 1024 * 1024
const length = 9 * MiB

/** From here on f0 is written anew: so much that its first segment is compacted. */
export const editedFrom = 5 * MiB

export function firstBytes(number: number): Buffer {
  return Buffer.from(seededBytes(length, `file ${number}`))
}

export function edited(): Buffer {
  return Buffer.concat([
    firstBytes(0).subarray(0, editedFrom),
    seededBytes(length - editedFrom, 'edited')
  ])
}
