import type { BlockSource, NameSource } from '../base/name-source.ts'
import { openDnslink, type ResolveDnslink } from '../names/dnslink.ts'
import { openGatewaySource } from '../names/gateway-source.ts'
import { isOnLan } from './parse-name-settings.ts'
import type { Settings } from './settings.ts'

/** Whom names and followed content are asked of. */
export interface NameSources {
  readonly sources: ReadonlyArray<NameSource & BlockSource>
  readonly dnslink: ResolveDnslink | undefined
}

type NetworkSettings = Pick<Settings, 'network' | 'nameGateways' | 'nameResolvers'>

/**
 * What the settings allow: with the network off nobody; `lan` leaves out gateways that are not at a
 * private address, and DNS but by servers that were named.
 */
export function nameSourcesOf({
  network,
  nameGateways,
  nameResolvers
}: NetworkSettings): NameSources {
  if (network === 'off') return { sources: [], dnslink: undefined }
  const allowed = network === 'public' ? nameGateways : nameGateways.filter(isOnLan)
  const asksDns = network === 'public' || nameResolvers.length > 0
  return {
    sources: allowed.map(openGatewaySource),
    dnslink: asksDns ? openDnslink(nameResolvers) : undefined
  }
}
