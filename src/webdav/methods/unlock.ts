import { answerEmpty } from '../answer.ts'
import type { Method } from '../api.ts'
import { refuse } from '../refuse.ts'
import { lockToken } from '../validators.ts'
import { checkWritable } from '../writable.ts'

/** https://www.rfc-editor.org/rfc/rfc4918#section-9.11 */
export const unlock: Method = async ({ dav, path, request, response }) => {
  const token = lockToken(request)
  if (token === undefined) throw refuse(400, 'Lock-Token must hold one token in angle brackets')
  checkWritable(dav, path)
  dav.database.write(() => {
    const lock = dav.locks.covering(path).find(each => each.token === token)
    if (lock === undefined) {
      throw refuse(409, 'no lock here has that token', '<D:lock-token-matches-request-uri/>')
    }
    if (!lock.own) throw refuse(403, 'the lock is another user’s', '<D:need-privileges/>')
    dav.locks.release(token)
  })
  answerEmpty(response, 204)
}
