import { isReferrersUrl, repositoryOf } from '../../adapters/oci/classify.ts'
import { systemClock } from '../base/clock.ts'
import type { FetchUpstream } from '../pull/api.ts'
import { type Account, openAuthorisedFetch } from '../pull/registry/authorised-fetch.ts'
import { openWholeLists } from '../pull/registry/whole-lists.ts'

/**
 * Reaches registries with what is configured for each, and all else as it is. A URL is of the account whose
 * base it begins with; the longest, where one lies in another.
 */
export function openRegistryFetch(
  fetchUpstream: FetchUpstream,
  accounts: () => readonly Account[]
): FetchUpstream {
  const accountOf = (url: string): Account | undefined =>
    accounts()
      .filter(({ base }) => url.startsWith(base))
      .sort((a, b) => b.base.length - a.base.length)[0]
  const authorised = openAuthorisedFetch({
    fetchUpstream,
    accountOf,
    spaceOf: repositoryOf,
    clock: systemClock
  })
  return openWholeLists(authorised, url => accountOf(url) !== undefined && isReferrersUrl(url))
}
