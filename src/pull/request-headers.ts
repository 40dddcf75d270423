import type { DownloadHead, DownloadRequest } from './download.ts'

/** The headers of a request, of which `arrived` bytes came with `head` already. https://www.rfc-editor.org/rfc/rfc9110#section-13 */
export function headersFor(
  request: DownloadRequest,
  arrived: number,
  head: DownloadHead | undefined
): Record<string, string> {
  const headers: Record<string, string> = { ...request.headers, 'accept-encoding': 'identity' }
  if (arrived > 0) return { ...headers, ...resumption(request, arrived, head) }
  const { etag, lastModified } = request.validators
  if (etag !== undefined) headers['if-none-match'] = etag
  if (lastModified !== undefined) headers['if-modified-since'] = lastModified
  return headers
}

/** Asks for the rest only where it must be of the same version: else for all, and compares. */
function resumption(
  { immutable, expected }: DownloadRequest,
  arrived: number,
  head: DownloadHead | undefined
): Record<string, string> {
  const range = `bytes=${arrived}-`
  const etag = head?.etag?.startsWith('W/') ? undefined : head?.etag
  const validator = etag ?? head?.lastModified
  if (validator !== undefined) return { range, 'if-range': validator }
  return immutable || expected !== undefined ? { range } : {}
}
