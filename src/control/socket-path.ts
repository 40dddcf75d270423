import { closeSync, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** sun_path holds 108 bytes with its NUL: https://man7.org/linux/man-pages/man7/unix.7.html */
const socketPathBytes = 107

/**
 * Runs `work` with a path of the socket that fits an address: a long one is reached through an open
 * handle of its folder. The path is good until what `work` returns is settled.
 */
export async function withSocketPath<T>(
  path: string,
  work: (path: string) => Promise<T>
): Promise<T> {
  if (Buffer.byteLength(path) <= socketPathBytes) return work(path)
  const folder = openSync(dirname(path), 'r')
  try {
    return await work(`/proc/self/fd/${folder}/${basename(path)}`)
  } finally {
    closeSync(folder)
  }
}
