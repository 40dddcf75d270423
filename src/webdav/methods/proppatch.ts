import { answerXml } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { commit } from '../commit.ts'
import { checkLocks } from '../locks.ts'
import { describeResponse } from '../multistatus.ts'
import { hrefOf } from '../path.ts'
import { applyAll, type Instruction, instructionsOf, statusesOf } from '../property-update.ts'
import { refuse } from '../refuse.ts'
import { isCollection, type NodeResource, walk } from '../resource.ts'
import { checkConditions } from '../validators.ts'
import { checkWritable } from '../writable.ts'
import { isDav, readXml, type XmlElement } from '../xml.ts'

/** All of the instructions or none: https://www.rfc-editor.org/rfc/rfc4918#section-9.2 */
export const proppatch: Method = async exchange => {
  const { dav, path, response } = exchange
  checkWritable(dav, path)
  const instructions = parseUpdate(await readXml(exchange))
  const resource = await commit(exchange, () => update(exchange, instructions))
  const href = hrefOf(dav.view, path.names, isCollection(resource))
  answerXml(response, 207, 'multistatus', describeResponse(href, statusesOf(instructions)))
}

function parseUpdate(body: XmlElement | undefined): Instruction[] {
  if (body === undefined || !isDav(body, 'propertyupdate')) {
    throw refuse(400, 'the body is no DAV:propertyupdate')
  }
  const instructions = instructionsOf(body)
  if (instructions.length === 0) throw refuse(400, 'the propertyupdate sets and removes nothing')
  return instructions
}

function update(exchange: Exchange, instructions: readonly Instruction[]): NodeResource {
  const { dav, hold, path } = exchange
  const resource = walk(dav, hold, path)
  if (resource.kind === 'folder') throw refuse(403, 'the folder /dav has no properties to set')
  const tokens = checkConditions(exchange, resource)
  checkLocks(dav.locks, tokens, { path, member: false, tree: false })
  applyAll(dav, resource, instructions)
  return resource
}
