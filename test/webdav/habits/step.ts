import type { OutgoingHttpHeaders } from 'node:http'

/** One request of a client's habit, and what the answer must be for the client to go on. */
export interface Step {
  readonly method: string
  /** Below `/dav/mfs/`, unless it begins with a slash. */
  readonly path: string
  readonly status: number
  /** `{drive}` stands for the URL of `/dav/mfs/`, `{token a}` for the token of the lock taken of `a`. */
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
  readonly match?: string | RegExp
  readonly answers?: Readonly<Record<string, string | RegExp>>
}

/** A client: what all of its requests have, and what it does, by what a person does with it. */
export interface Client {
  readonly headers: OutgoingHttpHeaders
  readonly habits: Readonly<Record<string, readonly Step[]>>
}

type More = Omit<Step, 'method' | 'path' | 'status'>

export const step = (method: string, path: string, status: number, more: More = {}): Step => ({
  method,
  path,
  status,
  ...more
})

/** A PROPFIND as clients send it: with the properties named, or without a body. */
export const propfind = (
  path: string,
  depth: '0' | '1',
  status: number,
  { properties, ...more }: More & { readonly properties?: string } = {}
): Step => {
  const body =
    properties === undefined
      ? ''
      : `<?xml version="1.0" encoding="utf-8"?><D:propfind xmlns:D="DAV:"><D:prop>${properties}</D:prop></D:propfind>`
  const type = properties === undefined ? {} : { 'content-type': 'text/xml; charset="utf-8"' }
  return step('PROPFIND', path, status, { headers: { depth, ...type }, body, ...more })
}

export const lockInfo = (owner: string) =>
  `<?xml version="1.0" encoding="utf-8"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>${owner}</D:owner></D:lockinfo>`
