import type { IncomingHttpHeaders } from 'node:http'
import { CairnError } from '../base/errors.ts'

/** Refuses what a web page made a browser send, one of this machine too. Throws `denied`. */
export function refusePages({ origin }: IncomingHttpHeaders): void {
  if (origin === undefined) return
  throw new CairnError('denied', 'web pages may not call the control API')
}
