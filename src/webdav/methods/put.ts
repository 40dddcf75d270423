import type { Attributes } from '../../vfs/api.ts'
import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { bodyOf } from '../body.ts'
import { complete } from '../complete.ts'
import { checkLocks } from '../locks.ts'
import { refuse } from '../refuse.ts'
import { find, isCollection, type NodeResource } from '../resource.ts'
import { checkConditions, shownTagOf } from '../validators.ts'
import { type Place, placeOf } from '../writable.ts'

/**
 * The body goes to a file without a name, which takes the name when all of it is here: an aborted
 * PUT changes nothing, and who reads the old file reads it to its end.
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.7
 */
export const put: Method = async exchange => {
  const { dav, hold, path, request, response, signal } = exchange
  if (request.headers['content-range'] !== undefined) {
    throw refuse(400, 'a part of a file cannot be put: put the whole')
  }
  const { mfs } = dav.trees
  await complete(dav, signal, () => target(exchange))
  const staged = hold.keep(mfs, mfs.stageFile(0o644, dav.owner))
  try {
    await receive(exchange, staged.ino)
  } finally {
    mfs.releaseWriting(staged.ino)
  }
  const made = await complete(dav, signal, () =>
    dav.database.write(() => takeOver(exchange, staged))
  )
  const attributes = mfs.attributes(staged.ino)
  const tag = shownTagOf(dav, { kind: 'node', names: path.names, tree: mfs, attributes })
  answerEmpty(response, made ? 201 : 204, {
    etag: tag,
    ...(modificationTime(exchange) === undefined ? {} : { 'x-oc-mtime': 'accepted' })
  })
}

interface Target {
  readonly place: Place
  readonly standing: NodeResource | undefined
}

/** Checked before the body is read, and again in the transaction that changes something. */
function target(exchange: Exchange): Target {
  const { dav, hold, path } = exchange
  const place = placeOf(dav, hold, path)
  const standing = find(dav, hold, path)
  const tokens = checkConditions(exchange, standing)
  if (standing?.kind === 'folder' || (standing !== undefined && isCollection(standing))) {
    throw refuse(405, 'a collection has no body to put')
  }
  checkLocks(dav.locks, tokens, { path, member: standing === undefined, tree: false })
  return { place, standing }
}

async function receive(exchange: Exchange, ino: number): Promise<void> {
  let position = 0
  for await (const chunk of bodyOf(exchange)) {
    position += exchange.dav.trees.mfs.write(ino, chunk, position)
  }
}

/** Inside a transaction: true if the name is new. */
function takeOver(exchange: Exchange, staged: Attributes): boolean {
  const { dav } = exchange
  const { mfs } = dav.trees
  const { place, standing } = target(exchange)
  const seconds = modificationTime(exchange)
  if (seconds !== undefined) {
    mfs.change(staged.ino, { mtime: { seconds, nanoseconds: 0 } }, dav.owner)
  }
  mfs.adoptFile(staged.ino, place.parent.ino, place.name)
  if (standing !== undefined) dav.properties.copy(standing.attributes.ino, staged.ino)
  return standing === undefined
}

/** Nextcloud's header, which rclone sends: seconds since 1970, maybe with a fraction. */
function modificationTime({ request }: Exchange): number | undefined {
  const text = request.headers['x-oc-mtime']
  if (typeof text !== 'string' || !/^\d{1,11}(\.\d*)?$/.test(text)) return undefined
  return Math.floor(Number(text))
}
