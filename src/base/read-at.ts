import { readSync } from 'node:fs'

/** Fills `target` from a place of an open file, as far as that goes; returns the bytes read. Throws as `node:fs` does. */
export function readAt(file: number, target: Uint8Array, position: number): number {
  let done = 0
  while (done < target.byteLength) {
    const count = readSync(file, target, done, target.byteLength - done, position + done)
    if (count === 0) break
    done += count
  }
  return done
}
