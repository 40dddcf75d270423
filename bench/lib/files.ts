import { randomFillSync } from 'node:crypto'
import { closeSync, fdatasyncSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

const MiB = 1024 * 1024

/** How much is written between two syncs: so that the last one is short. */
const syncedMebibytes = 64

/** A file of random bytes: nothing compresses or repeats. */
export function makeFile(path: string, mebibytes: number, { synced = false } = {}): void {
  const piece = Buffer.alloc(MiB)
  const file = openSync(path, 'w')
  for (let written = 1; written <= mebibytes; written++) {
    writeSync(file, randomFillSync(piece))
    if (synced && (written % syncedMebibytes === 0 || written === mebibytes)) fdatasyncSync(file)
  }
  closeSync(file)
}

/** Files of random bytes, a hundred to a folder, two folders deep. */
export function makeFiles(folder: string, count: number, bytes: number): void {
  const piece = Buffer.alloc(bytes)
  for (let number = 0; number < count; number++) {
    const below = join(folder, `d${Math.floor(number / 1000)}`, `e${Math.floor(number / 100) % 10}`)
    if (number % 100 === 0) mkdirSync(below, { recursive: true })
    writeFileSync(join(below, `file-${number}.bin`), randomFillSync(piece))
  }
}

/** Empties the machine's page, dentry and inode caches; only root may. */
export function dropCaches(): void {
  writeFileSync('/proc/sys/vm/drop_caches', '3')
}
