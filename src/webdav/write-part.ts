import { setImmediate } from 'node:timers/promises'
import { complete } from '../base/complete.ts'
import { answerEmpty } from './answer.ts'
import type { Exchange } from './api.ts'
import { putTarget } from './put-target.ts'
import { refuse } from './refuse.ts'
import type { NodeResource } from './resource.ts'
import { type StagedBody, stageBody } from './stage-body.ts'
import { shownTagOf } from './validators.ts'

/** Where the body goes in the file. */
export interface Part {
  readonly start: number
  readonly length: number
}

/**
 * Writes the body into the file that stands there, when all of it has arrived: a request that is
 * aborted changes nothing. `partOf` is given the file's size. Answers 204; throws a refusal: 404 for
 * no file, 416 for a part that begins after its end.
 */
export async function writePart(exchange: Exchange, partOf: (size: number) => Part): Promise<void> {
  const { dav, path, response, signal } = exchange
  const { mfs } = dav.trees
  const before = partIn(await complete(dav, signal, () => standingFile(exchange)), partOf)
  const body = await stageBody(exchange, before.length)
  const file = await complete(dav, signal, () => {
    const standing = standingFile(exchange)
    mfs.openForWriting(standing.attributes.ino, false)
    return standing
  })
  const { ino } = file.attributes
  try {
    await copyBody(exchange, body, ino, partIn(file, partOf))
  } finally {
    mfs.releaseWriting(ino)
  }
  await mfs.told()
  const attributes = mfs.attributes(ino)
  const etag = shownTagOf(dav, { kind: 'node', names: path.names, tree: mfs, attributes })
  answerEmpty(response, 204, { etag })
}

function standingFile(exchange: Exchange): NodeResource {
  const { standing } = putTarget(exchange)
  if (standing === undefined) throw refuse(404, 'there is no file to write a part of')
  return standing
}

function partIn({ attributes }: NodeResource, partOf: (size: number) => Part): Part {
  const part = partOf(attributes.size)
  if (part.start <= attributes.size) return part
  throw refuse(416, `the file has ${attributes.size} bytes: a part cannot begin after its end`)
}

/** A piece a turn of the event loop: nobody waits for a long one. */
async function copyBody(
  { dav }: Exchange,
  { attributes, bytes }: StagedBody,
  ino: number,
  { start }: Part
): Promise<void> {
  for (let done = 0; done < bytes; await setImmediate()) {
    const from = { ino: attributes.ino, position: done }
    const to = { ino, position: start + done }
    const count = dav.trees.mfs.copyRange(from, to, bytes - done)
    if (count === 0) return
    done += count
  }
}
