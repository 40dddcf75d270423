import { CairnError, type Want } from '../base/errors.ts'

/**
 * Gets what a FUSE operation lacked. With the network off, a block comes from nowhere: `missing`,
 * at once. A seal goes on when its caller left: others gain by it.
 */
export function satisfyFrom(
  unpack: (key: string, signal: AbortSignal) => Promise<unknown>,
  seal: () => Promise<unknown>
): (want: Want, signal: AbortSignal) => Promise<void> {
  return async (want, signal) => {
    if (want.kind === 'block') {
      throw new CairnError('missing', `block ${want.id} is not here, and the network is off`)
    }
    if (want.kind === 'sealed') await seal()
    else await unpack(want.id, signal)
  }
}
