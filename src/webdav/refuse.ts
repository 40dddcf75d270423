import { CairnError, type ErrorCode } from '../base/errors.ts'

/** A refusal with a status of its own, where an error's code does not say it. */
export class Refusal extends CairnError {
  readonly status: number
  /** The precondition or postcondition that failed, as XML inside `DAV:error`. */
  readonly condition: string | undefined

  constructor(status: number, message: string, condition?: string) {
    super(codes[status] ?? 'invalid', message)
    this.status = status
    this.condition = condition
  }
}

const codes: Readonly<Record<number, ErrorCode>> = {
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
  412: 'conflict',
  413: 'file-too-large',
  416: 'out-of-range',
  423: 'busy',
  507: 'no-space'
}

/** `condition`: a condition element's content, from https://www.rfc-editor.org/rfc/rfc4918#section-16 */
export function refuse(status: number, message: string, condition?: string): Refusal {
  return new Refusal(status, message, condition)
}
