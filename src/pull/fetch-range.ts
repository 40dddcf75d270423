import { CairnError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import type { Classification } from './adapter.ts'
import type { FetchUpstream } from './api.ts'

/**
 * A part of an item straight from its upstream, from `start` to `end`, exclusive: nothing of it is kept here, and
 * nothing vouches for it. Throws `upstream` for any other part, `timeout`, `aborted`.
 */
export async function* fetchRange(
  fetchUpstream: FetchUpstream,
  { url, requestHeaders = {} }: Pick<Classification, 'url' | 'requestHeaders'>,
  { start, end }: { readonly start: number; readonly end: number },
  signal: AbortSignal
): AsyncGenerator<Uint8Array> {
  const own = new AbortController()
  const timeout = AbortSignal.timeout(limits.missingWaitMs)
  const headers = { ...requestHeaders, range: `bytes=${start}-${end - 1}` }
  try {
    const together = AbortSignal.any([signal, own.signal, timeout])
    const answer = await fetchUpstream(url, { headers, signal: together })
    const range = answer.headers.get('content-range') ?? ''
    if (answer.status !== 206 || !range.startsWith(`bytes ${start}-${end - 1}/`)) {
      throw new CairnError('upstream', `${url}: answered ${answer.status} for a part of it`)
    }
    let left = end - start
    for await (const piece of answer.body ?? []) {
      left -= piece.length
      if (left < 0) break
      yield piece
    }
    if (left !== 0) throw new CairnError('upstream', `${url}: a part of it had another length`)
  } finally {
    own.abort(new CairnError('aborted', 'answered'))
  }
}
