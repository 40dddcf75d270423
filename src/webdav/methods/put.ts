import { complete } from '../../base/complete.ts'
import type { Attributes } from '../../vfs/api.ts'
import { answerEmpty } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { commit } from '../commit.ts'
import { putTarget } from '../put-target.ts'
import { refuse } from '../refuse.ts'
import { stageBody } from '../stage-body.ts'
import { shownTagOf } from '../validators.ts'
import { writePart } from '../write-part.ts'

/**
 * The body goes to a file without a name, which takes the name when all of it is here: an aborted
 * PUT changes nothing, and who reads the old file reads it to its end. With Content-Range the body
 * is a part of what stands there: https://www.rfc-editor.org/rfc/rfc9110#section-14.4
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.7
 */
export const put: Method = async exchange => {
  const range = contentRange(exchange)
  const { dav, signal } = exchange
  const { standing } = await complete(dav, signal, () => putTarget(exchange))
  if (range !== undefined && (standing !== undefined || range.start > 0)) {
    return await writePart(exchange, () => range)
  }
  const { attributes } = await stageBody(exchange, range?.length)
  const made = await commit(exchange, () => takeOver(exchange, attributes))
  answerPut(exchange, dav.trees.mfs.attributes(attributes.ino), made)
}

function answerPut(exchange: Exchange, attributes: Attributes, made: boolean): void {
  const { dav, path, response } = exchange
  const { mfs: tree } = dav.trees
  const etag = shownTagOf(dav, { kind: 'node', names: path.names, tree, attributes })
  answerEmpty(response, made ? 201 : 204, {
    etag,
    ...(modificationTime(exchange) === undefined ? {} : { 'x-oc-mtime': 'accepted' })
  })
}

/** Inside a transaction: true if the name is new. */
function takeOver(exchange: Exchange, staged: Attributes): boolean {
  const { dav } = exchange
  const { mfs } = dav.trees
  const { place, standing } = putTarget(exchange)
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

/** `bytes 0-99/200`, or `*` for a length that is not known. Throws a refusal with status 400. */
function contentRange({ request }: Exchange): { start: number; length: number } | undefined {
  const header = request.headers['content-range']
  if (header === undefined) return undefined
  const match = /^\s*bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)\s*$/i.exec(header)
  const [, first, last, total = '*'] = match ?? []
  const [start, end] = [Number(first), Number(last)]
  if (match === null || end < start || (total !== '*' && end >= Number(total))) {
    throw refuse(400, 'Content-Range is not as RFC 9110, section 14.4, has it')
  }
  return { start, length: end - start + 1 }
}
