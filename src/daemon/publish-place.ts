import type { CID } from 'multiformats/cid'
import { cidFromText } from '../base/cid-text.ts'
import { CairnError } from '../base/errors.ts'
import type { PublishOrder, PublishResult } from '../control/api.ts'
import type { Names, Published } from '../names/api.ts'
import type { Content } from './content.ts'
import { cidInMfs } from './open-names.ts'

/** The key of those who need but one. */
const onlyKey = 'self'

/**
 * Publishes a CID that is here, or a path of /mfs, which `seal` brings up to date first. Throws
 * `not-found`, `missing`, and as `Names.publish`.
 */
export async function publishPlace(
  content: Pick<Content, 'roots' | 'reader' | 'store'>,
  names: Names,
  order: PublishOrder,
  seal: () => Promise<unknown>
): Promise<Published> {
  const { key, path, lifetimeMs, settle } = order
  if (path !== undefined) await seal()
  const cid = path === undefined ? givenCid(content, order) : cidInMfs(content, path)
  if (cid === undefined) throw new CairnError('not-found', `there is no /mfs/${path}`)
  if (key === onlyKey && names.keys.find(onlyKey) === undefined) names.keys.create(onlyKey)
  return names.publish(key, { cid, path, lifetimeMs, settle })
}

function givenCid({ store }: Pick<Content, 'store'>, { cid: text = '' }: PublishOrder): CID {
  const cid = cidFromText(text)
  if (cid === undefined) {
    throw new CairnError('usage', `${JSON.stringify(text.slice(0, 120))} is not a CID`)
  }
  if (store.size(cid.multihash.bytes) === undefined) store.read(cid.multihash.bytes)
  return cid
}

export function showPublished({ name, alias, cid, sequence, endMs }: Published): PublishResult {
  return { name, alias, cid: cid.toString(), sequence: sequence.toString(), endMs }
}
