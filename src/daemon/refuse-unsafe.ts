import { CairnError } from '../base/errors.ts'
import { isLoopback, showAddress } from './listen-address.ts'
import type { Settings } from './settings.ts'

/**
 * Refuses what a daemon must not, or cannot, do: listen for other machines without authentication,
 * or use a network that this version has no peers for. Throws `usage` or `unsupported`.
 */
export function refuseUnsafe(settings: Settings): void {
  if (!isLoopback(settings.listen.host)) {
    throw new CairnError(
      'usage',
      `listen on ${showAddress(settings.listen)}: other machines would reach it, and nobody is ` +
        'asked for a password there; listen on 127.0.0.1 or ::1, and share with other machines'
    )
  }
  if (settings.network !== 'off') {
    throw new CairnError(
      'unsupported',
      `network ${settings.network}: this version has no peers yet; set network to off`
    )
  }
}
