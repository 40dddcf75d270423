import { answerEmpty, answerXml } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { hasBody } from '../body.ts'
import { commit } from '../commit.ts'
import { checkLocks } from '../locks.ts'
import { describeStatuses } from '../multistatus.ts'
import { applyAll, type Instruction, instructionsOf, statusesOf } from '../property-update.ts'
import { Refusal, refuse } from '../refuse.ts'
import { find } from '../resource.ts'
import { checkConditions } from '../validators.ts'
import { checkWritable, placeOf } from '../writable.ts'
import { davSpace, elementsOf, isDav, readXml } from '../xml.ts'

/**
 * Makes a collection, with properties if the body names them: all of it or nothing.
 * https://www.rfc-editor.org/rfc/rfc4918#section-9.3, https://www.rfc-editor.org/rfc/rfc5689
 */
export const mkcol: Method = async exchange => {
  const { dav, path, response } = exchange
  checkWritable(dav, path)
  const instructions = await readInstructions(exchange)
  try {
    await commit(exchange, () => make(exchange, instructions))
  } catch (cause) {
    if (!(cause instanceof PropertiesRefused)) throw cause
    answerXml(response, 403, 'mkcol-response', describeStatuses(statusesOf(instructions)))
    return
  }
  answerEmpty(response, 201)
}

/** Undoes the transaction. */
class PropertiesRefused extends Refusal {}

async function readInstructions(exchange: Exchange): Promise<Instruction[]> {
  const type = exchange.request.headers['content-type'] ?? ''
  if (!/^\s*(application|text)\/xml\b/i.test(type)) {
    if (await hasBody(exchange)) throw refuse(415, 'MKCOL takes no body but XML')
    return []
  }
  const body = await readXml(exchange)
  if (body === undefined) return []
  if (!isDav(body, 'mkcol')) throw refuse(400, 'the body is no DAV:mkcol')
  return instructionsOf(body).filter(instruction => !saysCollection(instruction))
}

/** The kind that MKCOL makes. Throws a refusal with status 403 for any other. */
function saysCollection({ element }: Instruction): boolean {
  if (element.space !== davSpace || element.name !== 'resourcetype') return false
  const kinds = elementsOf(element)
  if (kinds.length === 1 && kinds.every(kind => isDav(kind, 'collection'))) return true
  throw refuse(403, 'only plain collections are made here', '<D:valid-resourcetype/>')
}

function make(exchange: Exchange, instructions: readonly Instruction[]): void {
  const { dav, hold, path } = exchange
  const standing = find(dav, hold, path, 'itself')
  if (standing !== undefined) throw refuse(405, 'there is something of that name already')
  const { tree, parent, name } = placeOf(dav, hold, path)
  const tokens = checkConditions(exchange, standing)
  checkLocks(dav.locks, tokens, { path, member: true, tree: false })
  const attributes = hold.keep(tree, tree.makeDirectory(parent.ino, name, 0o755, dav.owner))
  const made = { kind: 'node', names: path.names, tree, attributes } as const
  const done = applyAll(dav, made, instructions)
  if (!done) throw new PropertiesRefused(403, 'a property cannot be set')
}
