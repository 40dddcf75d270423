import { ByteBudget } from '../../src/base/byte-budget.ts'
import { CairnError } from '../../src/base/errors.ts'
import { limits } from '../../src/base/limits.ts'
import type { Learned, LearnItem } from '../../src/pull/adapter.ts'
import type { Documents } from './documents.ts'
import { partsOfSourceKey } from './package-path.ts'

/** The digest of each version's tarball. Throws `upstream` on what is not the packument of the key's package. */
export async function* learnNpm(
  documents: Pick<Documents, 'digests'>,
  item: LearnItem,
  document: AsyncIterable<Uint8Array>
): AsyncGenerator<Learned> {
  const parts = partsOfSourceKey(item.key)
  if (parts === undefined) throw new CairnError('invalid', `${item.key} is no packument's key`)
  yield* await documents.digests(parts.prefix, parts.name, await gather(document))
}

async function gather(document: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const budget = new ByteBudget(limits.derivedBytes, 'a packument')
  for await (const piece of budget.pass(document)) pieces.push(Buffer.from(piece))
  return Buffer.concat(pieces)
}
