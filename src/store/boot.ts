import { readFileSync } from 'node:fs'

/**
 * Names this run of the machine, or '' where that cannot be told. Bytes written in the same run are
 * there even if their writer crashed; those of another run only as far as they were synced.
 * https://docs.kernel.org/admin-guide/sysctl/kernel.html#random
 */
export function bootName(file = '/proc/sys/kernel/random/boot_id'): string {
  try {
    return readFileSync(file, 'latin1').trim()
  } catch {
    return ''
  }
}
