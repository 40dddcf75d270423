import { CID } from 'multiformats/cid'
import { CairnError, type Want } from '../base/errors.ts'
import type { DagFetcher } from '../names/fetch-dag.ts'

/**
 * Gets what a FUSE operation lacked. Where nobody may be asked, a block comes from nowhere: `missing`,
 * at once. A seal goes on when its caller left: others gain by it.
 */
export function satisfyFrom(
  packages: (want: Want, signal: AbortSignal) => Promise<unknown>,
  seal: () => Promise<unknown>,
  fetcher: Pick<DagFetcher, 'block'> | undefined,
  visit: (name: string, signal: AbortSignal) => Promise<void>
): (want: Want, signal: AbortSignal) => Promise<void> {
  return async (want, signal) => {
    if (want.kind === 'block') {
      const ahead = (want.ahead ?? []).map(text => CID.parse(text))
      if (fetcher !== undefined) return await fetcher.block(CID.parse(want.id), signal, ahead)
      throw new CairnError('missing', `block ${want.id} is not here, and the network is off`)
    }
    if (want.kind === 'sealed') await seal()
    else if (want.kind === 'name') await visit(want.id, signal)
    else await packages(want, signal)
  }
}
