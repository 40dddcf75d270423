import { CairnError, type Want } from '../base/errors.ts'

/**
 * Gets what a FUSE operation lacked. With the network off, a block comes from nowhere: `missing`,
 * at once.
 */
export function satisfyFrom(
  unpack: (key: string, signal: AbortSignal) => Promise<unknown>
): (want: Want, signal: AbortSignal) => Promise<void> {
  return async (want, signal) => {
    if (want.kind === 'block') {
      throw new CairnError('missing', `block ${want.id} is not here, and the network is off`)
    }
    await unpack(want.id, signal)
  }
}
