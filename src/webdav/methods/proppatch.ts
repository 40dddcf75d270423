import type { AttributeChanges } from '../../vfs/api.ts'
import { fileType } from '../../vfs/api.ts'
import { answerXml } from '../answer.ts'
import type { Exchange, Method } from '../api.ts'
import { complete } from '../complete.ts'
import type { DeadProperty } from '../dead-properties.ts'
import { apacheSpace, isLive } from '../live-properties.ts'
import { checkLocks } from '../locks.ts'
import { describeResponse, type PropertyStatus } from '../multistatus.ts'
import { hrefOf } from '../path.ts'
import { refuse } from '../refuse.ts'
import { isCollection, isType, type NodeResource, walk } from '../resource.ts'
import { checkConditions } from '../validators.ts'
import { checkWritable } from '../writable.ts'
import {
  childOf,
  elementsOf,
  isDav,
  readXml,
  serialize,
  textOf,
  wrap,
  type XmlElement
} from '../xml.ts'

/** In the order of the document. `set` is false where the property is to go. */
interface Instruction {
  readonly element: XmlElement
  readonly set: boolean
  readonly allowed: boolean
}

/** All of the instructions or none: https://www.rfc-editor.org/rfc/rfc4918#section-9.2 */
export const proppatch: Method = async exchange => {
  const { dav, path, response, signal } = exchange
  const instructions = parseUpdate(await readXml(exchange))
  checkWritable(dav, path)
  const resource = await complete(dav, signal, () =>
    dav.database.write(() => patch(exchange, instructions))
  )
  const href = hrefOf(dav.view, path.names, isCollection(resource))
  answerXml(response, 207, 'multistatus', describeResponse(href, statusesOf(instructions)))
}

function parseUpdate(body: XmlElement | undefined): Instruction[] {
  if (body === undefined || !isDav(body, 'propertyupdate')) {
    throw refuse(400, 'the body is no DAV:propertyupdate')
  }
  const instructions = elementsOf(body).flatMap(part => {
    if (!isDav(part, 'set') && !isDav(part, 'remove')) return []
    const set = part.name === 'set'
    return elementsOf(childOf(part, 'prop')).map(element => ({
      element,
      set,
      allowed: isAllowed(element, set)
    }))
  })
  if (instructions.length === 0) throw refuse(400, 'the propertyupdate sets and removes nothing')
  return instructions
}

function isAllowed(element: XmlElement, set: boolean): boolean {
  if (!isLive(element.space, element.name)) return true
  return element.space === apacheSpace && set && /^[TF]$/.test(textOf(element).trim())
}

function patch(exchange: Exchange, instructions: readonly Instruction[]): NodeResource {
  const { dav, hold, path } = exchange
  const resource = walk(dav, hold, path)
  if (resource.kind === 'folder') throw refuse(403, 'the folder /dav has no properties to set')
  const tokens = checkConditions(exchange, resource)
  checkLocks(dav.locks, tokens, { path, member: false, tree: false })
  if (instructions.every(({ allowed }) => allowed)) {
    for (const instruction of instructions) apply(exchange, resource, instruction)
  }
  return resource
}

function apply({ dav }: Exchange, resource: NodeResource, { element, set }: Instruction): void {
  const { ino } = resource.attributes
  const changes = set ? changesOf(element, resource) : undefined
  // An inode of a block gets a row with its first property, which ends with that row.
  const first = !dav.properties.has(ino)
  if (changes !== undefined || first) dav.trees.mfs.change(ino, changes ?? {}, dav.owner)
  if (isLive(element.space, element.name)) return
  if (set) dav.properties.set(ino, deadOf(element))
  else dav.properties.remove(ino, element)
}

function deadOf(element: XmlElement): DeadProperty {
  return { space: element.space, name: element.name, value: serialize(element) }
}

const microsoftSpace = 'urn:schemas-microsoft-com:'

/** What a property means for the file itself: davfs2's executable bit, Windows' time of last write. */
function changesOf(
  element: XmlElement,
  { attributes }: NodeResource
): AttributeChanges | undefined {
  const { space, name } = element
  const text = textOf(element).trim()
  if (space === apacheSpace && isType(attributes, fileType.regular)) {
    const readers = (attributes.mode & 0o444) >> 2
    const mode = attributes.mode & 0o7666
    return { mode: text === 'T' ? mode | readers : mode }
  }
  if (space !== microsoftSpace || name !== 'Win32LastModifiedTime') return undefined
  const milliseconds = Date.parse(text)
  if (Number.isNaN(milliseconds)) return undefined
  return { mtime: { seconds: Math.floor(milliseconds / 1000), nanoseconds: 0 } }
}

function statusesOf(instructions: readonly Instruction[]): PropertyStatus[] {
  const done = instructions.every(({ allowed }) => allowed)
  return instructions.map(({ element, allowed }) => {
    const content = wrap(element, '')
    if (done) return { status: 200, content }
    if (allowed) return { status: 424, content }
    return { status: 403, content, condition: '<D:cannot-modify-protected-property/>' }
  })
}
