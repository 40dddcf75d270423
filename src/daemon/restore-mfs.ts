import { cidFromText } from '../base/cid-text.ts'
import { CairnError } from '../base/errors.ts'
import { splitPath } from '../base/names.ts'
import type { RestoreResult } from '../control/api.ts'
import type { Mfs } from '../vfs/mfs/api.ts'

/**
 * Puts all of a root, or with a path what it has there, in place of what /mfs has. Throws `usage` if
 * the text is no CID, and as `Mfs.restorePath`.
 */
export async function restoreMfs(
  mfs: Mfs,
  text: string,
  path: string,
  signal?: AbortSignal
): Promise<RestoreResult> {
  const cid = cidFromText(text)
  if (cid === undefined) {
    throw new CairnError('usage', `${JSON.stringify(text.slice(0, 120))} is not a CID`)
  }
  const names = splitPath(path)
  const options = signal === undefined ? {} : { signal }
  const result =
    names.length === 0
      ? await mfs.restore(cid, options)
      : await mfs.restorePath({ cid, names, ...options })
  return { cid: result.cid.toString() }
}
