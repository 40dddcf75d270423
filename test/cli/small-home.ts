import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import type { Test } from 'tap'
import type { World } from './run-cairn.ts'

/** Makes a world's home a file system of its own, as long as the test runs. Root's alone to do. */
export function mountSmallHome(t: Test, { home }: World, megabytes: number): void {
  mkdirSync(home, { mode: 0o700 })
  const options = `size=${megabytes}m,mode=700`
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', home])
  t.teardown(() => execFileSync('umount', ['-l', home]))
}
