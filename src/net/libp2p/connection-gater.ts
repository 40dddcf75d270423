import type { Connection, ConnectionGater } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { bounds } from '../bounds.ts'
import { isLanAddress } from '../lan-address.ts'

export interface GaterOptions {
  readonly network: 'lan' | 'public'
  readonly isBanned: (peer: string) => boolean
}

/**
 * Within a LAN nobody else is dialled, whatever address was announced, and nobody else let in. No peer and no address
 * has more of the connections that there may be than its part.
 */
export function gaterOf(
  options: GaterOptions,
  connections: () => readonly Pick<Connection, 'direction' | 'remoteAddr' | 'remotePeer'>[]
): ConnectionGater {
  const { isBanned } = options
  const leadsOutside = (address: Multiaddr) => {
    const host = hostOf(address)
    return host === undefined || isOutside(options, host)
  }
  const came = () => connections().filter(({ direction }) => direction === 'inbound')
  const isCrowded = (address: Multiaddr) => {
    const own = came().filter(({ remoteAddr }) => hostOf(remoteAddr) === hostOf(address))
    return own.length >= bounds.nodeConnectionsOfAddress
  }
  return {
    denyDialPeer: id => isBanned(id.toString()),
    denyDialMultiaddr: address => leadsOutside(address),
    denyInboundConnection: ({ remoteAddr }) => leadsOutside(remoteAddr) || isCrowded(remoteAddr),
    denyInboundEncryptedConnection: id =>
      isBanned(id.toString()) ||
      came().filter(({ remotePeer }) => remotePeer.equals(id)).length >=
        bounds.nodeConnectionsOfPeer
  }
}

/** Whether an address may not be spoken with, as a text without port. */
export function isOutside({ network }: Pick<GaterOptions, 'network'>, host: string): boolean {
  return network === 'lan' && !isLanAddress(host)
}

function hostOf(address: Multiaddr): string | undefined {
  return /^\/ip[46]\/([^/]+)\/tcp\//.exec(address.toString())?.[1]
}
