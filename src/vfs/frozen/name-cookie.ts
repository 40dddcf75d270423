import type { Name } from '../../base/names.ts'

/**
 * A number for a name, from 1 to 2^52, the same for ever: in the order of these a directory that
 * changes while it is read still shows every entry that was there all along, and shows it once.
 */
export function nameCookie(name: Name): number {
  let low = 0x811c9dc5
  let high = 0x9e3779b1
  for (let i = 0; i < name.length; i++) {
    const byte = name.charCodeAt(i)
    low = Math.imul(low ^ byte, 0x01000193)
    high = Math.imul((high << 7) ^ (high >>> 3) ^ byte, 0x85ebca6b)
  }
  return ((high ^ (high >>> 16)) & 0xfffff) * 2 ** 32 + ((low ^ (low >>> 15)) >>> 0) + 1
}
