import type { Method } from '../api.ts'
import { depthOf } from '../depth.ts'
import { checkLocks } from '../locks.ts'
import { refuse } from '../refuse.ts'
import { transfer } from '../transfer.ts'
import { checkWritable, placeOf } from '../writable.ts'

/** A rename: https://www.rfc-editor.org/rfc/rfc4918#section-9.9 */
export const move: Method = async exchange => {
  const { dav, hold, path } = exchange
  if (depthOf(exchange) !== 'infinity') throw refuse(400, 'MOVE is of depth infinity')
  checkWritable(dav, path)
  await transfer(exchange, 'itself', (_source, to, tokens) => {
    const from = placeOf(dav, hold, path)
    checkLocks(dav.locks, tokens, { path, member: true, tree: true })
    const options = { mode: 'no-replace' } as const
    to.tree.rename(from.parent.ino, from.name, to.parent.ino, to.name, options)
    dav.locks.end(path)
  })
}
