import { execFileSync } from 'node:child_process'

/** Compressed by the real xz, as Debian's archive does it. */
export function xzSync(bytes: Uint8Array): Buffer {
  return execFileSync('xz', ['-6', '-c'], { input: bytes })
}
