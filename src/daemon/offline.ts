import type { FetchUpstream } from '../pull/api.ts'
import { notAsked } from '../pull/not-asked.ts'
import type { Settings } from './settings.ts'

/** Fails every request, as `upstream`, that is not to be made: of any upstream, or of an apt archive that is offline. */
export function refuseOffline(
  fetchUpstream: FetchUpstream,
  settings: () => Pick<Settings, 'offline' | 'aptUpstreams'>
): FetchUpstream {
  return async (url, options) => {
    const { offline, aptUpstreams } = settings()
    if (offline) {
      throw notAsked(`${url} is not asked for: \`cairn offline off\` allows it`)
    }
    const switchedOff = Object.entries(aptUpstreams).find(
      ([, upstream]) => upstream.offline && url.startsWith(upstream.url)
    )
    if (switchedOff === undefined) return await fetchUpstream(url, options)
    throw notAsked(`${switchedOff[0]} is configured to be offline`)
  }
}
