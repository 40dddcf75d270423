import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { hasBody } from '../body.ts'
import { complete } from '../complete.ts'
import { checkLocks } from '../locks.ts'
import { refuse } from '../refuse.ts'
import { find } from '../resource.ts'
import { checkConditions } from '../validators.ts'
import { checkWritable, placeOf } from '../writable.ts'

/** https://www.rfc-editor.org/rfc/rfc4918#section-9.3 */
export const mkcol: Method = async exchange => {
  const { dav, response, signal } = exchange
  if (await hasBody(exchange)) throw refuse(415, 'MKCOL takes no body')
  await complete(dav, signal, () => dav.database.write(() => make(exchange)))
  answerEmpty(response, 201)
}

function make(exchange: Exchange): void {
  const { dav, hold, path } = exchange
  checkWritable(dav, path)
  const standing = find(dav, hold, path, 'itself')
  if (standing !== undefined) throw refuse(405, 'there is something of that name already')
  const { tree, parent, name } = placeOf(dav, hold, path)
  const tokens = checkConditions(exchange, standing)
  checkLocks(dav.locks, tokens, { path, member: true, tree: false })
  hold.keep(tree, tree.makeDirectory(parent.ino, name, 0o755, dav.owner))
}
