import { SettingError } from './setting-error.ts'

const form = /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/

/** A list of hosts, each with its port where it is not 80, or `*.` and a domain. Throws `SettingError`. */
export function parseHosts(value: unknown): string[] {
  if (!Array.isArray(value)) throw new SettingError('proxy.hosts is a list of hosts')
  return value.map((host, index) => {
    if (typeof host === 'string' && form.test(host)) return host
    const shown = JSON.stringify(host)?.slice(0, 80)
    throw new SettingError(`${shown} is not a host, host:port or *.domain`, [String(index)])
  })
}
