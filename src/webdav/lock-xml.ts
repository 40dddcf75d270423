import { escapeXml } from '../base/escape-xml.ts'
import type { Dav } from './api.ts'
import type { Lock } from './locks.ts'

/** The content of `DAV:lockdiscovery`: https://www.rfc-editor.org/rfc/rfc4918#section-15.8 */
export function describeLocks(dav: Pick<Dav, 'clock'>, locks: readonly Lock[]): string {
  const now = dav.clock.nowMs()
  return locks.map(lock => describeLock(lock, now)).join('')
}

function describeLock(lock: Lock, nowMs: number): string {
  const seconds = Math.max(0, Math.round((lock.expiresMs - nowMs) / 1000))
  return [
    '<D:activelock><D:locktype><D:write/></D:locktype>',
    `<D:lockscope><D:${lock.exclusive ? 'exclusive' : 'shared'}/></D:lockscope>`,
    `<D:depth>${lock.infinite ? 'infinity' : '0'}</D:depth>${lock.owner}`,
    `<D:timeout>Second-${seconds}</D:timeout>`,
    `<D:locktoken><D:href>${escapeXml(lock.token)}</D:href></D:locktoken>`,
    `<D:lockroot><D:href>${escapeXml(lock.href)}</D:href></D:lockroot></D:activelock>`
  ].join('')
}
