import { BlockList, isIP } from 'node:net'
import { SettingError } from './setting-error.ts'

/** Where the HTTP port listens; port 0 takes any free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** True for an address, or the name, that only this machine reaches. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true
  const family = isIP(host)
  return family !== 0 && loopback.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

/** Parses `host:port`, `[ipv6]:port` or a port alone (loopback). Throws `SettingError`. */
export function parseListen(value: unknown): ListenAddress {
  const text = String(value)
  const parts = /^(?:(?:\[(?<six>[0-9a-f:.]+)\]|(?<host>[a-z0-9.-]+)):)?(?<port>\d{1,5})$/i.exec(
    text
  )
  const host = parts?.groups?.six ?? parts?.groups?.host ?? '127.0.0.1'
  const port = Number(parts?.groups?.port)
  if (parts === null || port > 65_535 || (parts.groups?.six !== undefined && isIP(host) !== 6)) {
    throw new SettingError(
      `${JSON.stringify(text.slice(0, 80))} is not an address: write host:port, as 127.0.0.1:7070`
    )
  }
  return { host, port }
}

/** The address as a URL's authority. */
export function showAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
