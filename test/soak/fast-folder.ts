import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** A folder in memory, where syncing costs nothing, if there is one; removed when the test ends. */
export function fastFolder(t: Test): string {
  const folder = mkdtempSync(join(memory(), 'cairn-soak-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function memory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}
