import { STATUS_CODES } from 'node:http'

export const multistatusHead =
  '<?xml version="1.0" encoding="utf-8"?>\n<D:multistatus xmlns:D="DAV:">\n'
export const multistatusTail = '</D:multistatus>\n'

/** Properties that share a status; `content` is XML. */
export interface PropertyStatus {
  readonly status: number
  readonly content: string
  /** A condition element's XML. */
  readonly condition?: string | undefined
}

/** `href`: percent-encoded. https://www.rfc-editor.org/rfc/rfc4918#section-14.24 */
export function describeResponse(href: string, statuses: readonly PropertyStatus[]): string {
  return `<D:response><D:href>${href}</D:href>${describeStatuses(statuses)}</D:response>\n`
}

/** A resource that failed as a whole. `condition`: a condition element's XML. */
export function describeFailure(href: string, status: number, condition = ''): string {
  const error = condition === '' ? '' : `<D:error>${condition}</D:error>`
  return `<D:response><D:href>${href}</D:href><D:status>${statusLine(status)}</D:status>${error}</D:response>\n`
}

export function describeStatuses(statuses: readonly PropertyStatus[]): string {
  let text = ''
  for (const { status, content, condition } of statuses) {
    text += `<D:propstat><D:prop>${content}</D:prop><D:status>${statusLine(status)}</D:status>`
    if (condition !== undefined) text += `<D:error>${condition}</D:error>`
    text += '</D:propstat>'
  }
  return text
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`
}
