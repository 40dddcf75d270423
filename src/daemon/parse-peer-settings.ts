import { toCairnError } from '../base/errors.ts'
import { parsePeerAddress } from '../net/peer-book.ts'
import { type ListenAddress, parseListen } from './listen-address.ts'
import { SettingError } from './setting-error.ts'

/** Where peers are served; `none` for nowhere. */
export function parsePeerListen(value: unknown): ListenAddress | undefined {
  return value === 'none' || value === false ? undefined : parseListen(value)
}

/** Multiaddrs, each with a peer ID; `none` for nobody. */
export function parseBootstrap(value: unknown): string[] {
  if (value === 'none' || value === false) return []
  const list = typeof value === 'string' ? value.split(',').map(each => each.trim()) : value
  if (!Array.isArray(list)) throw new SettingError('peers.bootstrap is a list of multiaddrs')
  return list.map(each => {
    const text = String(each)
    if (/^\/dnsaddr\/[a-z0-9.-]+\/p2p\/\w+$/i.test(text)) return text
    try {
      return parsePeerAddress(text.startsWith('/') ? text : '/')
    } catch (cause) {
      throw new SettingError(toCairnError(cause).message)
    }
  })
}

/** Upstreams whose packages peers may have although they are at private addresses: `apt/name`, `npm`, `npm/+name`, `oci/name`. */
export function parsePeerPackages(value: unknown): string[] {
  const list = typeof value === 'string' ? value.split(',').map(each => each.trim()) : value
  if (Array.isArray(list) && list.every(isPlace)) return list
  throw new SettingError('peers.packages is a list of apt/NAME, npm, npm/+NAME and oci/NAME')
}

function isPlace(value: unknown): value is string {
  return (
    typeof value === 'string' && /^(npm|(apt|oci)\/[a-z0-9._-]+|npm\/\+[a-z0-9._-]+)$/.test(value)
  )
}

const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }

/** Bytes a second, as `10M`; `none` for no bound. */
export function parseRate(value: unknown): number | undefined {
  if (value === 'none') return undefined
  const [, number, unit = ''] = /^(\d{1,9})([KMG]?)$/.exec(String(value)) ?? []
  const rate = Number(number) * (units[unit] ?? Number.NaN)
  if (Number.isSafeInteger(rate) && rate >= 65_536) return rate
  throw new SettingError(`${JSON.stringify(value)} is no rate: bytes a second from 64K on, as 10M`)
}
