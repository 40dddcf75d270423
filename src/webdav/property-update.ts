import { type AttributeChanges, fileType } from '../vfs/api.ts'
import type { Dav } from './api.ts'
import type { DeadProperty } from './dead-properties.ts'
import { apacheSpace, isLive } from './live-properties.ts'
import type { PropertyStatus } from './multistatus.ts'
import { isType, type NodeResource } from './resource.ts'
import {
  childOf,
  elementsOf,
  isDav,
  languageOf,
  serialize,
  textOf,
  wrap,
  type XmlAttribute,
  type XmlElement
} from './xml.ts'

/** In the order of the document. `set` is false where the property is to go. */
export interface Instruction {
  readonly element: XmlElement
  readonly set: boolean
  readonly allowed: boolean
}

/** Those of a `DAV:propertyupdate` or a `DAV:mkcol`. */
export function instructionsOf(body: XmlElement): Instruction[] {
  return elementsOf(body).flatMap(part => {
    if (!isDav(part, 'set') && !isDav(part, 'remove')) return []
    const set = part.name === 'set'
    const prop = childOf(part, 'prop')
    const language = [prop, part, body].map(each => each && languageOf(each)).find(isSaid)
    return elementsOf(prop).map(element => ({
      element: language === undefined ? element : withLanguage(element, language),
      set,
      allowed: isAllowed(element, set)
    }))
  })
}

function isSaid(attribute: XmlAttribute | undefined): attribute is XmlAttribute {
  return attribute !== undefined
}

/** A property keeps the language that it was set within: https://www.rfc-editor.org/rfc/rfc4918#section-14.26 */
function withLanguage(element: XmlElement, language: XmlAttribute): XmlElement {
  if (languageOf(element) !== undefined) return element
  return { ...element, attributes: [...element.attributes, language] }
}

function isAllowed(element: XmlElement, set: boolean): boolean {
  if (!isLive(element.space, element.name)) return true
  return element.space === apacheSpace && set && /^[TF]$/.test(textOf(element).trim())
}

/** Inside a transaction: all of the instructions, or none if one is not allowed; true if they were done. */
export function applyAll(
  dav: Dav,
  resource: NodeResource,
  instructions: readonly Instruction[]
): boolean {
  if (instructions.some(({ allowed }) => !allowed)) return false
  for (const instruction of instructions) apply(dav, resource, instruction)
  return true
}

function apply(dav: Dav, resource: NodeResource, { element, set }: Instruction): void {
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

export function statusesOf(instructions: readonly Instruction[]): PropertyStatus[] {
  const done = instructions.every(({ allowed }) => allowed)
  return instructions.map(({ element, allowed }) => {
    const content = wrap(element, '')
    if (done) return { status: 200, content }
    if (allowed) return { status: 424, content }
    return { status: 403, content, condition: '<D:cannot-modify-protected-property/>' }
  })
}
