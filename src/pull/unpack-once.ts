import type { CID } from 'multiformats/cid'
import { holding } from '../base/holding.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { Catalog, Unpacking } from './api.ts'

/**
 * Unpacks by `work`: each archive once, whoever asks how often; who leaves does not end it for others.
 * Another archive of the same key is other work.
 */
export function unpackOnce(catalog: Catalog, work: (key: string) => Promise<CID>): Unpacking {
  const running = new Map<string, Promise<CID>>()
  const begin = (key: string, name: string): Promise<CID> => {
    const begun = holding(() => work(key)).finally(() => running.delete(name))
    running.set(name, begun)
    begun.catch(() => {})
    return begun
  }
  return {
    unpack: async (key, { signal } = {}) => {
      const unpacked = catalog.unpacked(key)
      if (unpacked !== undefined) return unpacked
      const name = `${key} ${catalog.get(key)?.cid}`
      return await untilAborted(running.get(name) ?? begin(key, name), signal)
    }
  }
}
