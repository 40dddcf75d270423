import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { commit } from '../commit.ts'
import { depthOf } from '../depth.ts'
import { checkLocks } from '../locks.ts'
import { refuse } from '../refuse.ts'
import { isCollection, walk } from '../resource.ts'
import { checkConditions } from '../validators.ts'
import { checkWritable, placeOf } from '../writable.ts'

/** All of it or nothing: https://www.rfc-editor.org/rfc/rfc4918#section-9.6 */
export const remove: Method = async exchange => {
  await commit(exchange, () => removeNow(exchange))
  answerEmpty(exchange.response, 204)
}

function removeNow(exchange: Exchange): void {
  const { dav, hold, path } = exchange
  checkWritable(dav, path)
  const resource = walk(dav, hold, path, 'itself')
  const place = placeOf(dav, hold, path)
  const tokens = checkConditions(exchange, resource)
  if (isCollection(resource) && depthOf(exchange) !== 'infinity') {
    throw refuse(400, 'a collection is deleted with all its members: Depth must be infinity')
  }
  checkLocks(dav.locks, tokens, { path, member: true, tree: true })
  place.tree.removeTree(place.parent.ino, place.name)
  dav.locks.end(path)
}
