import { BlockList, isIP } from 'node:net'

/** Private, link-local and loopback networks: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 sister. */
const ranges: ReadonlyArray<readonly [string, number, 'ipv4' | 'ipv6']> = [
  ['10.0.0.0', 8, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['::1', 128, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6']
]

/** Whether an IP address is of this machine or of a local network. Names are not: to resolve one leaves the LAN. */
export function isLanAddress(address: string): boolean {
  const host = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  const family = isIP(host)
  if (family === 0) return false
  const list = new BlockList()
  for (const [network, prefix, kind] of ranges) list.addSubnet(network, prefix, kind)
  return list.check(host, family === 4 ? 'ipv4' : 'ipv6')
}
