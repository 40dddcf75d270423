import { isIP } from 'node:net'
import { SettingError } from './setting-error.ts'

/** Base URLs of trustless gateways, each ending with a slash. */
export function parseGateways(value: unknown): string[] {
  return listOf(value).map(each => {
    const url = URL.parse(each)
    if (
      url === null ||
      !['http:', 'https:'].includes(url.protocol) ||
      url.search + url.hash !== ''
    ) {
      throw new SettingError(`${JSON.stringify(each)} is not an http or https URL of a gateway`)
    }
    return url.href.endsWith('/') ? url.href : `${url.href}/`
  })
}

/** DNS servers, as `address` or `address:port`. */
export function parseResolvers(value: unknown): string[] {
  return listOf(value).map(each => {
    const address = /^(?:\[(.+)\]|([^:]+))(?::\d{1,5})?$/.exec(each)
    if (isIP(each) > 0 || isIP(address?.[1] ?? address?.[2] ?? '') > 0) return each
    throw new SettingError(`${JSON.stringify(each)} is not the address of a DNS server`)
  })
}

function listOf(value: unknown): string[] {
  const list = typeof value === 'string' ? value.split(',').map(each => each.trim()) : value
  if (Array.isArray(list) && list.every(each => typeof each === 'string')) return list
  throw new SettingError(`${JSON.stringify(value)?.slice(0, 80)} is not a list`)
}

/** Whether a URL leads to this machine or a private network by its address: no name is looked up for it. */
export function isOnLan(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
  if (host === 'localhost' || host === '::1') return true
  if (isIP(host) === 6) return /^f(?:[cd]|e[89ab])/i.test(host)
  return (
    /^(?:127|10)\.|^192\.168\.|^169\.254\.|^172\.(?:1[6-9]|2\d|3[01])\./.test(host) &&
    isIP(host) === 4
  )
}
