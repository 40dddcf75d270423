import type { CID } from 'multiformats/cid'
import { holding } from '../base/holding.ts'
import { untilAborted } from '../base/until-aborted.ts'
import type { Catalog, Unpacking } from './api.ts'

/** Unpacks by `work`: each key once, whoever asks how often; who leaves does not end it for others. */
export function unpackOnce(catalog: Catalog, work: (key: string) => Promise<CID>): Unpacking {
  const running = new Map<string, Promise<CID>>()
  const begin = (key: string): Promise<CID> => {
    const begun = holding(() => work(key)).finally(() => running.delete(key))
    running.set(key, begun)
    begun.catch(() => {})
    return begun
  }
  return {
    unpack: async (key, { signal } = {}) =>
      catalog.unpacked(key) ?? (await untilAborted(running.get(key) ?? begin(key), signal))
  }
}
